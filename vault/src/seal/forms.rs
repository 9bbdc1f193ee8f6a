//! Masked and derived values: what a form lets through, and answers made from fields that stay inside.

use gridvault_policy::{FieldId, Form, Scheme};
use jiff::civil::Date;

use super::Secret;

/// Surnames of two characters.
const COMPOUND: &[&str] = &[
    "欧阳", "上官", "司马", "诸葛", "司徒", "东方", "独孤", "南宫", "夏侯", "尉迟", "公孙", "慕容", "令狐",
    "宇文", "长孙", "皇甫", "端木", "申屠", "钟离", "轩辕", "百里", "呼延", "闻人", "澹台", "赫连", "万俟",
    "淳于", "单于", "太史", "公冶", "濮阳", "司空", "拓跋", "第五",
];

/// What derived answers are made of beside the fields.
pub(super) struct DeriveContext<'a> {
    /// The day in Beijing.
    pub(super) today: Date,
    /// The cell of the place in each scheme.
    pub(super) cells: &'a [(Scheme, String)],
    /// The areas of the post that asks.
    pub(super) post_areas: &'a [String],
}

/// The value as the form lets it through; `None` where nothing may show.
pub(super) fn mask(form: Form, value: &str, today: Date) -> Option<Secret> {
    let shown = match form {
        Form::None => value.to_owned(),
        Form::Name => name(value),
        Form::Id => ends(value, 3, 4)?,
        Form::Id4 => ends(value, 0, 4)?,
        Form::Tel => telephone(value)?,
        Form::Bldg => building(value)?,
        Form::Comm => community(value)?,
        Form::Yr => value.parse::<Date>().ok()?.year().to_string(),
        Form::Band => band(age(value.parse().ok()?, today)).to_owned(),
        Form::Flag | Form::Presence => if value == "no" { "no" } else { "yes" }.to_owned(),
        Form::Province => format!("{}0000", value.get(..2)?),
        Form::Last3 => ends(value, 0, 3)?,
        Form::Count => count(value.parse().ok()?).to_owned(),
        Form::Area => floor_area(value.parse().ok()?).to_owned(),
        Form::Geo => coordinates(value)?,
        Form::Month => value.get(..7)?.to_owned(),
        Form::District => {
            format!("{}***", value.split_inclusive(['区', '县']).next().filter(|d| *d != value)?)
        }
        Form::Hide => return None,
    };
    Some(Secret::new(shown))
}

/// A derived answer from its inputs; `None` where they do not say.
pub(super) fn derive(
    field: FieldId,
    held: &dyn Fn(FieldId) -> Option<Secret>,
    context: &DeriveContext<'_>,
) -> Option<Secret> {
    let yes = |b: bool| if b { "yes" } else { "no" }.to_owned();
    let first = || field.inputs().iter().find_map(|input| held(*input));
    let years = || Some(age(first()?.reveal().parse().ok()?, context.today));
    let answer = match field.as_str() {
        "derived.age_band" => band(years()?).to_owned(),
        "derived.age_over_60" => yes(years()? >= 60),
        "derived.age_over_80" => yes(years()? >= 80),
        "derived.is_minor" => yes(years()? < 18),
        "derived.lives_in_area" => {
            yes(context.cells.iter().any(|(_, cell)| context.post_areas.iter().any(|area| area == cell)))
        }
        "derived.responsible_areas" => {
            let cells: Vec<String> =
                context.cells.iter().map(|(scheme, cell)| format!("{scheme}:{cell}")).collect();
            cells.join(" ")
        }
        "derived.service_target" | "derived.reachable_by_phone" => yes(first().is_some()),
        "derived.household_size_band" => count(first()?.reveal().parse().ok()?).to_owned(),
        _ => return None,
    };
    Some(Secret::new(answer))
}

/// Completed years on that day; who was born on 29 February completes a year on 1 March in common years.
pub(super) fn age(birth: Date, today: Date) -> i32 {
    let had_birthday = (today.month(), today.day()) >= (birth.month(), birth.day());
    i32::from(today.year()) - i32::from(birth.year()) - i32::from(!had_birthday)
}

fn band(age: i32) -> &'static str {
    match age {
        ..=5 => "0-5",
        6..=13 => "6-13",
        14..=17 => "14-17",
        18..=34 => "18-34",
        35..=59 => "35-59",
        60..=69 => "60-69",
        70..=79 => "70-79",
        _ => "80+",
    }
}

fn count(n: u32) -> &'static str {
    match n {
        0 | 1 => "1",
        2 => "2",
        3 => "3",
        _ => "4+",
    }
}

fn floor_area(square_metres: f64) -> &'static str {
    match square_metres {
        m if m < 50.0 => "<50",
        m if m < 100.0 => "50-100",
        m if m < 200.0 => "100-200",
        _ => "200+",
    }
}

/// 王小明→王**, 欧阳娜娜→欧阳**, 买买提·艾力→买**·**, John Smith→J*** S****.
fn name(value: &str) -> String {
    let latin = value.chars().all(|c| c.is_ascii() || c.is_whitespace());
    let compound = COMPOUND.iter().find(|s| value.starts_with(**s) && value.chars().count() > 2);
    let mut kept = compound.map_or(1, |s| s.chars().count());
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if c.is_whitespace() || matches!(c, '·' | '•' | '-') {
            out.push(c);
            kept = usize::from(latin);
        } else if kept > 0 {
            out.push(c);
            kept -= 1;
        } else {
            out.push('*');
        }
    }
    out
}

/// Keeps so many characters at each end, a star for each other one; nothing where that would show it all.
fn ends(value: &str, head: usize, tail: usize) -> Option<String> {
    let length = value.chars().count();
    if length <= head + tail {
        return None;
    }
    Some(
        value
            .chars()
            .enumerate()
            .map(|(i, c)| if i < head || i >= length - tail { c } else { '*' })
            .collect(),
    )
}

/// 138****5678; a landline keeps its area code and the last two.
fn telephone(value: &str) -> Option<String> {
    if value.len() == 11 && value.starts_with('1') {
        return ends(value, 3, 4);
    }
    match value.split_once('-') {
        Some((area, local)) if area.starts_with('0') => Some(format!("{area}-{}", ends(local, 0, 2)?)),
        _ => ends(value, 0, 2),
    }
}

/// To the building: …12号楼***; an address without one to the community.
fn building(address: &str) -> Option<String> {
    for mark in ["号楼", "栋", "幢"] {
        if let Some(at) = address.find(mark) {
            return Some(format!("{}***", address.get(..at + mark.len())?));
        }
    }
    community(address)
}

fn community(address: &str) -> Option<String> {
    for mark in ["社区", "街道", "区"] {
        if let Some(at) = address.find(mark) {
            let end = at + mark.len();
            return (end < address.len()).then(|| Some(format!("{}***", address.get(..end)?)))?;
        }
    }
    None
}

/// Three decimals, about 100 m.
fn coordinates(value: &str) -> Option<String> {
    let (lon, lat) = value.split_once(',')?;
    let (lon, lat): (f64, f64) = (lon.trim().parse().ok()?, lat.trim().parse().ok()?);
    Some(format!("{lon:.3},{lat:.3}"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn masked(form: Form, value: &str) -> Option<String> {
        mask(form, value, date(2026, 11, 24)).map(|s| s.reveal().to_owned())
    }

    #[test]
    fn masks_show_what_the_form_promises() {
        for (form, value, shown) in [
            (Form::Name, "张伟", "张*"),
            (Form::Name, "王小明", "王**"),
            (Form::Name, "欧阳娜娜", "欧阳**"),
            (Form::Name, "司马光", "司马*"),
            (Form::Name, "欧阳", "欧*"),
            (Form::Name, "买买提·艾力", "买**·**"),
            (Form::Name, "John Smith", "J*** S****"),
            (Form::Name, "𬸣小明", "𬸣**"),
            (Form::Id, "11010519491231002X", "110***********002X"),
            (Form::Id4, "11010519491231002X", "**************002X"),
            (Form::Tel, "13812345678", "138****5678"),
            (Form::Tel, "010-67891234", "010-******34"),
            (Form::Bldg, "北京市丰台区示例东里12号楼3单元501", "北京市丰台区示例东里12号楼***"),
            (Form::Bldg, "示例五社区10号楼4单元601室", "示例五社区10号楼***"),
            (Form::Comm, "示例五社区10号楼4单元601室", "示例五社区***"),
            (Form::Yr, "1952-03-15", "1952"),
            (Form::Band, "1952-03-15", "70-79"),
            (Form::Flag, "1", "yes"),
            (Form::Month, "2026-03-15", "2026-03"),
            (Form::Count, "5", "4+"),
            (Form::Province, "110106", "110000"),
            (Form::Geo, "116.41234567,39.81234567", "116.412,39.812"),
        ] {
            assert_eq!(masked(form, value).as_deref(), Some(shown));
        }
        for (form, value) in
            [(Form::Hide, "x"), (Form::Id4, "1234"), (Form::Bldg, "12-501"), (Form::Tel, "1")]
        {
            assert_eq!(masked(form, value), None);
        }
    }

    #[test]
    fn ages_complete_on_the_birthday() {
        let birth = date(2012, 2, 29);
        assert_eq!(age(birth, date(2026, 2, 28)), 13);
        assert_eq!(age(birth, date(2026, 3, 1)), 14);
        assert_eq!(age(date(2012, 11, 25), date(2026, 11, 24)), 13);
        assert_eq!(age(date(2012, 11, 24), date(2026, 11, 24)), 14);
    }
}
