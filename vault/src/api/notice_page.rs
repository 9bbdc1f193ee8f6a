//! Notices and letters as pages to print: A4, 12 pt, or 16 pt for who reads large print; nothing from elsewhere, no script.

use std::fmt::Write as _;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use gridvault_policy::{FieldId, Tier};

use crate::authority::Notice;
use crate::clock::civil_date;
use crate::register::{Published, items_of};

/// How large it is printed; what it says is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Print {
    /// 12 pt.
    #[default]
    Normal,
    /// 18 pt (大字版).
    Large,
}

impl std::str::FromStr for Print {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "normal" => Ok(Self::Normal),
            "large" => Ok(Self::Large),
            _ => Err(()),
        }
    }
}

impl Print {
    fn points(self) -> u8 {
        match self {
            Self::Normal => 12,
            Self::Large => 18,
        }
    }
}

/// A text where markup could be read: nothing of it is markup.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A notice in one language, as one page.
pub(super) fn notice(published: &Published, language: &str, print: Print) -> Option<Response> {
    let body = text_of(&published.notice, language)?;
    let title = if language == "en" { published.notice.series.en() } else { published.notice.series.zh() };
    Some(page(language, title, print, &body))
}

/// What a notice says in one language: items, list, version and digest.
pub(super) fn text_of(notice: &Notice, language: &str) -> Option<String> {
    let items = notice.items.get(language)?;
    let english = language == "en";
    let title = if english { notice.series.en() } else { notice.series.zh() };
    let mut out = format!("<h1>{}</h1>\n", escaped(title));
    for item in items_of(items).into_iter().filter(|item| !item.text.trim().is_empty()) {
        let head = if english { item.en } else { item.zh };
        writeln!(out, "<h2>{head}</h2>\n<p>{}</p>", escaped(item.text)).unwrap_or_default();
    }
    let head = if english { "What is collected" } else { "收集哪些（清单）" };
    writeln!(out, "<h2>{head}</h2>\n<ul>").unwrap_or_default();
    for field in notice.fields.iter().filter_map(|id| FieldId::parse(id).ok()) {
        let (name, mark) = if english { (field.en(), " (sensitive)") } else { (field.zh(), "（敏感）") };
        let mark = if field.tier() >= Tier::T3 { mark } else { "" };
        writeln!(out, "<li>{}{mark}</li>", escaped(name)).unwrap_or_default();
    }
    let (day, version) = (civil_date(notice.valid_from), notice.version);
    let foot = if english {
        format!(
            "Version {} {version}, in force from {day}. Content SHA-256 {}",
            notice.series.as_str(),
            notice.hash
        )
    } else {
        format!(
            "版本 {} 第{version}版，{day}起生效。内容校验码（SHA-256）{}",
            notice.series.as_str(),
            notice.hash
        )
    };
    writeln!(out, "</ul>\n<p class=\"foot\">{}</p>", escaped(&foot)).unwrap_or_default();
    Some(out)
}

/// A page of its own, with that body.
pub(super) fn page(language: &str, title: &str, print: Print, body: &str) -> Response {
    let points = print.points();
    let html = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<title>{}</title>\n<style>\n\
         @page {{ size: A4; margin: 20mm }}\n\
         body {{ font: {points}pt/1.6 \"Noto Serif CJK SC\", \"Songti SC\", SimSun, serif; max-width: 170mm; margin: auto }}\n\
         h1 {{ font-size: 1.5em; text-align: center }}\nh2 {{ font-size: 1em; margin: 0.8em 0 0 }}\np {{ margin: 0.2em 0 }}\n\
         ul {{ columns: 2; margin: 0.2em 0 }}\n.foot {{ font-size: 0.8em; word-break: break-all }}\n\
         section {{ break-after: page }}\n.code {{ font-size: 1.2em; letter-spacing: 0.1em }}\n\
         </style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escaped(language),
        escaped(title)
    );
    let mut response = html.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}
