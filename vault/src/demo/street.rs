//! The synthetic street: invented people on invented addresses, as the lines that an import takes. Nothing real fits in:
//! ID numbers begin with 99, phones with 120 or 121.

use fastrand::Rng;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::records::values::check_character;

const SURNAMES: &str = "王李张刘陈杨赵黄周吴徐孙马胡朱郭何林罗高梁郑谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤";
const COMPOUND: [&str; 5] = ["欧阳", "司马", "上官", "诸葛", "尉迟"];
const GIVEN: &str = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华建国志文玉兰海燕晓东红梅春雪松柏宇轩子涵梓怡思远佳琪浩然一诺欣妍俊熙雨桐";
const STREET: &str = "110106006";
const COMMUNITIES: [(&str, u32); 10] = [
    ("示例一社区", 5),
    ("示例二社区", 5),
    ("示例三社区", 5),
    ("示例四社区", 4),
    ("示例五社区", 4),
    ("示例六社区", 4),
    ("示例七社区", 4),
    ("示例八社区", 4),
    ("示例九社区", 4),
    ("示例十社区", 4),
];
/// Homes of the first grid are filled first, up to so many residents.
const FIRST_GRID: u32 = 46;
/// The first residents live alone, are grown up, reachable and have three characters to their names.
const FOR_TASKS: u32 = 12;

/// The lines of an import, per kind.
pub struct Street {
    /// Areas of the four schemes.
    pub areas: Vec<String>,
    /// Homes.
    pub premises: Vec<String>,
    /// Staff in their posts.
    pub people: Vec<String>,
    /// Residents, those for tasks first.
    pub residents: Vec<String>,
}

/// Makes a street of so many residents; the same seed and day make the same people.
pub fn street(residents: u32, seed: u64, today: Date) -> Street {
    let mut maker = Maker { rng: Rng::with_seed(seed), today, serial: 0 };
    let (premises, people) = maker.homes(residents);
    Street { areas: areas(), premises, people: staff(), residents: people }
}

/// The codes of the grids, first community first.
fn grids() -> Vec<(String, &'static str, u32)> {
    let mut out = Vec::new();
    for ((name, count), c) in COMMUNITIES.iter().zip(1u32..) {
        for g in 1..=*count {
            out.push((format!("{STREET}9{c:02}{g:03}"), *name, g));
        }
    }
    out
}

fn areas() -> Vec<String> {
    let area = |scheme: &str, code: &str, parent: Option<&str>, level: &str, name: &str| {
        let mut line =
            json!({ "scheme": scheme, "code": code, "level": level, "name": name, "from": "2026-01-01" });
        if let (Some(parent), Some(line)) = (parent, line.as_object_mut()) {
            line.insert("parent".into(), parent.into());
        }
        line.to_string()
    };
    let street = format!("{STREET}000");
    let mut out = vec![area("social_grid", &street, None, "street", "示例街道")];
    for ((name, _), c) in COMMUNITIES.iter().zip(1u32..) {
        out.push(area("social_grid", &format!("{STREET}9{c:02}"), Some(&street), "community", name));
    }
    for (code, community, g) in grids() {
        let parent = code.get(..12).unwrap_or_default();
        out.push(area("social_grid", &code, Some(parent), "grid", &format!("{community}第{g}网格")));
    }
    for (scheme, name, cells) in [
        ("city_management", "城管单元", 12),
        ("public_order", "综治片区", 6),
        ("service_circle", "一刻钟服务圈", 5),
    ] {
        let whole = format!("{scheme}-00");
        out.push(area(scheme, &whole, None, "street", &format!("{name}（全街道）")));
        for i in 1..=cells {
            out.push(area(scheme, &format!("{scheme}-{i:02}"), Some(&whole), "grid", &format!("{name}{i}")));
        }
    }
    out
}

fn staff() -> Vec<String> {
    let all: Vec<String> = grids().into_iter().map(|(code, _, _)| code).collect();
    let first = |n: usize| all.iter().take(n).cloned().collect::<Vec<_>>();
    let second: Vec<String> = all.iter().skip(1).take(1).cloned().collect();
    let whole = vec![format!("{STREET}000")];
    let post = |number: &str, name: &str, role: &str, department: &str, areas: &[String]| {
        let mut line = Map::new();
        for (member, value) in [("number", number), ("name", name), ("role", role), ("from", "2026-01-01")] {
            line.insert(member.into(), value.into());
        }
        line.insert("department".into(), department.into());
        line.insert("scheme".into(), "social_grid".into());
        line.insert("areas".into(), json!(areas));
        line
    };
    let with = |mut line: Map<String, Value>, more: &[(&str, &str)]| {
        for (member, value) in more {
            line.insert((*member).into(), (*value).into());
        }
        line
    };
    let city: Vec<String> = vec!["city_management-03".into()];
    let order: Vec<String> = vec!["public_order-01".into()];
    let third: Vec<String> = all.iter().skip(2).take(1).cloned().collect();
    let lines = [
        post("D001", "演示甲", "grid_chief", "none", &first(1)),
        with(
            post("D001", "演示甲", "grid_chief", "minors", &first(1)),
            &[("instrument", "协助清单-未保专干")],
        ),
        post("D002", "演示乙", "grid_chief", "none", &second),
        with(
            post("D003", "演示丙", "grid_assistant", "floating_population", &first(2)),
            &[("letter", "授权书-演示-流管-01"), ("to", "2027-06-30")],
        ),
        post("D004", "演示丁", "grid_assistant", "civil_affairs", &first(1)),
        with(
            post("D005", "演示戊", "dispatched_officer", "police", &first(3)),
            &[("instrument", "居住证暂行条例")],
        ),
        post("D006", "演示己", "dispatched_officer", "civil_affairs", &first(3)),
        post("D007", "演示庚", "dispatched_officer", "urban_management", &all),
        with(
            post("D008", "演示辛", "dispatched_officer", "justice", &order),
            &[("scheme", "public_order"), ("instrument", "社区矫正法")],
        ),
        post("D009", "演示壬", "grid_supervisor", "none", &whole),
        post("D010", "演示癸", "grid_informant", "none", &first(1)),
        with(
            post("D011", "演示子", "grid_chief", "none", &third),
            &[("from", "2025-01-01"), ("to", "2026-06-30")],
        ),
        post("D012", "演示丑", "window_clerk", "none", &whole),
        with(post("D013", "演示寅", "grid_assistant", "fire", &city), &[("scheme", "city_management")]),
        post("D016", "演示巳", "auditor", "none", &whole),
    ];
    lines.into_iter().map(|line| Value::Object(line).to_string()).collect()
}

struct Maker {
    rng: Rng,
    today: Date,
    serial: u32,
}

impl Maker {
    fn homes(&mut self, residents: u32) -> (Vec<String>, Vec<String>) {
        let grids = grids();
        let (mut homes, mut people) = (Vec::new(), Vec::new());
        while self.serial < residents {
            let at = if self.serial < FIRST_GRID { 0 } else { self.rng.usize(..grids.len()) };
            let Some((grid, community, _)) = grids.get(at) else { break };
            let building = self.rng.u32(1..=40);
            let code = format!("{grid}-{:05}", homes.len() + 1);
            let (unit, room) = (self.rng.u32(1..=5), self.rng.u32(1..=6) * 100 + self.rng.u32(1..=4));
            // The other systems cut the street up by building blocks that cross the social grids.
            let other = (u32::try_from(at).unwrap_or(0) * 7 + building) % 60;
            let occupancy = *self.rng.choice(&["self", "self", "let", "vacant"]).unwrap_or(&"self");
            homes.push(
                json!({
                    "fields": {
                        "premises.code": code,
                        "premises.address": format!("{community}{building}号楼{unit}单元{room}室"),
                        "premises.building": format!("{building}号楼"),
                        "premises.use": "01",
                        "premises.occupancy": occupancy,
                    },
                    "cells": {
                        "social_grid": grid,
                        "city_management": format!("city_management-{:02}", other % 12 + 1),
                        "public_order": format!("public_order-{:02}", other % 6 + 1),
                        "service_circle": format!("service_circle-{:02}", other / 12 + 1),
                    },
                })
                .to_string(),
            );
            let members = if self.serial < FOR_TASKS { 1 } else { self.rng.u32(1..=4) };
            for member in 0..members.min(residents - self.serial) {
                people.push(self.person(&code, homes.len(), member));
            }
        }
        (homes, people)
    }

    fn person(&mut self, home: &str, household: usize, member: u32) -> String {
        let for_tasks = self.serial < FOR_TASKS;
        self.serial += 1;
        let age = match member {
            0 if for_tasks => self.rng.i32(66..=89),
            0 => self.rng.i32(20..=92),
            _ => *self.rng.choice(&[8, 16, 34, 51, 73]).unwrap_or(&34) + self.rng.i32(-5..=5),
        };
        let birth = self.birth(age);
        let male = self.rng.bool();
        let mut fields = Map::new();
        let mut put = |id: &str, value: String| fields.insert(id.into(), value.into());
        put("person.name", self.name(for_tasks));
        put("person.id_type", "resident_id".into());
        put("person.id_no", self.id_number(birth, male));
        put("person.sex", if male { "1" } else { "2" }.into());
        put("person.birth_date", birth.to_string());
        put("person.residence_kind", if self.rng.u8(..5) == 0 { "02" } else { "01" }.into());
        put("household.no", format!("H{household:06}"));
        put("household.relation", if member == 0 { "02" } else { "97" }.into());
        put("household.member_count", (member + 1).to_string());
        if age >= 12 {
            put("person.phone", format!("120{:08}", u64::from(self.serial) * 7919 % 100_000_000));
        }
        if !(14..70).contains(&age) {
            put("person.emergency_contact_name", self.name(false));
            put("person.emergency_contact_phone", format!("121{:08}", self.serial));
        }
        if for_tasks || (age >= 70 && self.rng.u8(..3) == 0) {
            put("elder.living_alone", "01".into());
        }
        if self.rng.u8(..25) == 0 {
            put("disability.category", self.rng.u32(1..=4).to_string());
        }
        if !for_tasks && self.rng.u8(..50) == 0 {
            put("person.deceased_on", "2026-10-01".into());
        }
        json!({ "premises": home, "fields": fields }).to_string()
    }

    fn birth(&mut self, age: i32) -> Date {
        let days = i64::from(age.max(0)) * 365 + i64::from(age.max(0) / 4) + self.rng.i64(30..300);
        self.today.checked_sub(days.days()).unwrap_or(self.today)
    }

    fn name(&mut self, three: bool) -> String {
        let mut name = match self.rng.u8(..100) {
            0 if !three => (*self.rng.choice(&COMPOUND).unwrap_or(&"欧阳")).to_owned(),
            _ => self.character(SURNAMES),
        };
        let given = if three || self.rng.u8(..4) > 0 { 2 } else { 1 };
        for _ in 0..given {
            name.push_str(&self.character(GIVEN));
        }
        name
    }

    fn character(&mut self, of: &str) -> String {
        let at = self.rng.usize(..of.chars().count());
        of.chars().nth(at).map(String::from).unwrap_or_default()
    }

    /// Region 99 and the serial make it unique; sex and check character are as GB 11643 has them.
    fn id_number(&mut self, birth: Date, male: bool) -> String {
        let (region, order) = (self.serial / 400 % 9999 + 1, self.serial % 400 * 2 + u32::from(male));
        let first = format!("99{region:04}{}{order:03}", birth.strftime("%Y%m%d"));
        let check = check_character(&first);
        format!("{first}{check}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::import::rows::{self, Reading};

    #[test]
    fn every_line_is_taken_and_nobody_stands_twice() {
        let today = jiff::civil::date(2026, 11, 24);
        let reading = Reading { synthetic: true, today };
        let street = street(3000, 5, today);
        assert_eq!(street.residents.len(), 3000);
        let mut numbers = HashSet::new();
        for (i, line) in street.residents.iter().enumerate() {
            let row = rows::resident(line, 1, reading).unwrap_or_else(|e| panic!("{e:?} {line}"));
            assert!(row.findings.is_empty());
            let held = |id: &str| {
                row.fields.iter().find(|(f, _)| f.as_str() == id).map(|(_, v)| v.reveal().to_owned())
            };
            assert!(numbers.insert(held("person.id_no")));
            if i < 12 {
                assert_eq!(held("person.name").unwrap().chars().count(), 3);
                assert!(held("person.phone").is_some() && row.premises_code.starts_with("110106006901001"));
            }
        }
        assert!(street.areas.iter().all(|line| rows::area(line, 1).is_ok()));
        assert!(street.premises.iter().all(|line| rows::premises(line, 1, reading).is_ok()));
        for line in &street.people {
            rows::post(line, 1).unwrap_or_else(|e| panic!("{e:?} {line}"));
        }
        assert_eq!(super::street(50, 5, today).residents, super::street(50, 5, today).residents);
    }
}
