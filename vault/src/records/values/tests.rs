use jiff::civil::date as day;

use super::*;

fn take(field: &str, text: &str, synthetic: bool) -> Result<(String, Vec<&'static str>), &'static str> {
    let field = FieldId::parse(field).unwrap();
    let taken = normalise(field, text, synthetic, day(2026, 11, 24)).map_err(|e| e.code)?;
    Ok((taken.value.reveal().to_owned(), taken.mended))
}

#[test]
fn id_numbers_are_checked_to_the_last_character() {
    for good in ["11010519491231002X", "440524188001010014"] {
        assert_eq!(take("person.id_no", good, false), Ok((good.to_owned(), vec![])));
    }
    for good in [
        "990106194901010013",
        "990106201202290020",
        "990106198507311238",
        "99010619520315003X",
        "990106201506010155",
    ] {
        assert_eq!(take("person.id_no", good, true), Ok((good.to_owned(), vec![])));
        assert_eq!(take("person.id_no", good, false), Err("id_region"));
        for place in 0..18 {
            for other in b"0123456789X" {
                let mut bytes = good.as_bytes().to_vec();
                if bytes[place] != *other {
                    bytes[place] = *other;
                    assert!(take("person.id_no", std::str::from_utf8(&bytes).unwrap(), true).is_err());
                }
            }
        }
        for place in 0..17 {
            let mut bytes = good.as_bytes().to_vec();
            bytes.swap(place, place + 1);
            if bytes != good.as_bytes() {
                assert!(take("person.id_no", std::str::from_utf8(&bytes).unwrap(), true).is_err());
            }
        }
    }
    assert_eq!(
        take("person.id_no", "11010519491231002x", false),
        Ok(("11010519491231002X".into(), vec!["lower_case_x"]))
    );
    assert_eq!(take("person.id_no", "11010519491231002X", true), Err("not_synthetic"));
}

#[test]
fn phones_dates_codes_and_texts() {
    assert_eq!(take("person.phone", "１２０00000001", true), Ok(("12000000001".into(), vec!["full_width"])));
    assert_eq!(take("person.phone", "13812345678", true), Err("not_synthetic"));
    assert_eq!(take("person.phone", "+86 13812345678", false), Ok(("13812345678".into(), vec!["prefix"])));
    assert_eq!(take("person.phone", "010-67891234", false).unwrap().0, "010-67891234");
    assert_eq!(take("person.phone", "8610-6791234a", false), Err("phone"));
    assert_eq!(take("person.birth_date", "1987/2/3", true), Ok(("1987-02-03".into(), vec!["date_form"])));
    assert_eq!(take("person.birth_date", "1987-02-30", true), Err("date"));
    assert_eq!(take("person.sex", "女", true).unwrap().0, "2");
    assert_eq!(take("person.sex", "雌", true), Err("code_unknown"));
    assert_eq!(take("person.name", "  王小明 ", true), Ok(("王小明".into(), vec!["blanks"])));
    assert_eq!(take("person.name", "=HYPERLINK(\"http://x\")", true), Err("formula"));
    assert_eq!(take("person.name", "王\u{fffd}明", true), Err("encoding"));
    assert_eq!(take("person.name", "", true), Err("required"));
    assert_eq!(take("person.name", &"王".repeat(51), true), Err("too_long"));
    assert_eq!(take("derived.age_band", "60-69", true), Err("derived"));
    assert!(sex_contradicts("99010619520315003X", "2") && !sex_contradicts("99010619520315003X", "1"));
}

#[test]
fn old_numbers_blanks_within_and_serial_dates_are_mended_and_said() {
    let mended = |field: &str, text: &str, value: &str, codes: &[&'static str]| {
        assert_eq!(take(field, text, false), Ok((value.into(), codes.to_vec())), "{text}");
    };
    mended("person.id_no", "110105491231002", "11010519491231002X", &["fifteen_digits"]);
    mended("person.id_no", " 110105 491231 002", "11010519491231002X", &["blanks", "fifteen_digits"]);
    mended("person.id_no", "110105 19491231 002x", "11010519491231002X", &["blanks", "lower_case_x"]);
    mended(
        "person.id_no",
        "１１０１０５１９４９１２３１００２ｘ",
        "11010519491231002X",
        &["full_width", "lower_case_x"],
    );
    assert_eq!(take("person.id_no", "110105491331002", false), Err("id_date"));
    assert_eq!(take("person.id_no", "11010549123100X", false), Err("id_check"));
    assert_eq!(take("person.id_no", "990105491231002", false), Err("id_region"));
    mended("person.phone", "138 1234 5678", "13812345678", &["blanks"]);
    mended("person.phone", "\u{202d}13812345678\u{202c}", "13812345678", &["blanks"]);
    mended("person.phone", "+86 138\u{3000}12345678", "13812345678", &["prefix", "blanks"]);
    mended("person.name", "王\u{3000}明", "王明", &["blanks"]);
    mended("person.name", " 欧阳 娜 ", "欧阳娜", &["blanks"]);
    mended("person.emergency_contact_name", "李 小 华", "李小华", &["blanks"]);
    for kept in ["John Smith", "张三 李四", "买买提·艾力", "𬸣明", "王 Mike"] {
        mended("person.name", kept, kept, &[]);
    }
    mended("person.birth_date", "31811", "1987-02-03", &["serial_date"]);
    mended("person.birth_date", "10000", "1927-05-18", &["serial_date"]);
    for odd in ["1987", "9999", "03181", "318110", "-31811", "31811.5"] {
        assert!(take("person.birth_date", odd, false).is_err(), "{odd}");
    }
}

#[test]
fn every_field_of_the_fourth_tier_at_its_longest_fits_the_block() {
    let longest = |field: FieldId| match field.kind() {
        ValueKind::Text(most) => *most,
        ValueKind::Uuid | ValueKind::Ref => 36,
        ValueKind::Date => 10,
        ValueKind::Flag => 3,
        ValueKind::Code(_) => 8,
        kind => panic!("how long is {kind:?}?"),
    };
    let fields = FieldId::all().filter(|field| field.tier() == Tier::T4 && !field.is_derived());
    let bytes: usize = fields.map(|field| 4 + longest(field)).sum();
    assert!(bytes <= 512, "{bytes}");
    assert_eq!(take("minor.school", &"校".repeat(17), true), Err("too_long"));
    assert!(take("minor.school", &"校".repeat(16), true).is_ok());
}
