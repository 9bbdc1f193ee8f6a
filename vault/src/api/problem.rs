//! Every refusal as `application/problem+json` (RFC 9457): one table of name, status and sentences.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::identity::Unidentified;
use crate::lookup::LookupError;
use crate::register::RegisterError;
use crate::store::StoreError;

/// The language of a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// 简体中文
    Zh,
    /// English
    En,
}

macro_rules! problems {
    ($($variant:ident $name:literal $status:ident $zh:literal $en:literal),+ $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Name { $($variant),+ }

        impl Name {
            pub(super) const ALL: &'static [Self] = &[$(Self::$variant),+];

            const fn row(self) -> (&'static str, StatusCode, &'static str, &'static str) {
                match self { $(Self::$variant => ($name, StatusCode::$status, $zh, $en)),+ }
            }
        }
    };
}

problems! {
    InvalidRequest "invalid-request" BAD_REQUEST "请求内容有误" "the request is not well-formed",
    Unauthenticated "unauthenticated" UNAUTHORIZED "没有有效的登录凭证" "no valid credential was given",
    Denied "denied" FORBIDDEN "不允许查看" "this may not be seen",
    AssignmentRequired "assignment-required" FORBIDDEN "请说明以哪个岗位查阅" "the post acted in must be named",
    TaskRequired "task-required" FORBIDDEN "此事由须有任务" "this purpose needs a task",
    BasisRequired "basis-required" FORBIDDEN "请说明依据" "the basis must be named",
    NotFound "not-found" NOT_FOUND "没有这条记录" "there is no such record",
    Conflict "conflict" CONFLICT "与现有内容冲突" "it conflicts with what is there",
    TooLarge "too-large" PAYLOAD_TOO_LARGE "请求过大" "the request is too large",
    TooManyRequests "too-many-requests" TOO_MANY_REQUESTS "请求过多，请稍后再试" "too many requests, try again later",
    AuditUnavailable "audit-unavailable" SERVICE_UNAVAILABLE "查阅记录无法写入，未打开任何数据" "the trail cannot be written; nothing was opened",
    LogRollback "log-rollback" SERVICE_UNAVAILABLE "查阅记录与先前不符，已停止服务" "the trail is behind what was seen of it; nothing is served",
    Internal "internal" INTERNAL_SERVER_ERROR "系统内部错误" "something failed inside",
}

/// What every door may answer.
pub(super) const EVERYWHERE: &[Name] = &[
    Name::InvalidRequest,
    Name::TooLarge,
    Name::TooManyRequests,
    Name::Internal,
    Name::AuditUnavailable,
    Name::LogRollback,
];
/// And every one that asks for a token.
pub(super) const BEHIND_A_TOKEN: &[Name] =
    &[Name::Unauthenticated, Name::AssignmentRequired, Name::Denied, Name::NotFound];

impl Name {
    pub(super) const fn as_str(self) -> &'static str {
        self.row().0
    }

    pub(super) const fn english(self) -> &'static str {
        self.row().3
    }

    pub(super) const fn status(self) -> StatusCode {
        self.row().1
    }
}

/// A refusal on its way out.
#[derive(Debug)]
pub struct Problem {
    name: Name,
    language: Language,
    members: Map<String, Value>,
    retry_after: Option<u32>,
    /// Whether the refusal is on record.
    entered: bool,
}

impl Problem {
    pub(super) fn new(name: Name, language: Language) -> Self {
        Self { name, language, members: Map::new(), retry_after: None, entered: false }
    }

    /// `invalid-request` with a pointer and a code per member.
    pub(super) fn invalid(language: Language, errors: &[(String, &str)]) -> Self {
        let errors =
            errors.iter().map(|(pointer, code)| json!({ "pointer": pointer, "code": code })).collect();
        Self::new(Name::InvalidRequest, language).with("errors", Value::Array(errors))
    }

    #[must_use]
    pub(super) fn with(mut self, member: &str, value: Value) -> Self {
        self.members.insert(member.to_owned(), value);
        self
    }

    /// The refusal is on record already.
    #[must_use]
    pub(super) fn entered(mut self) -> Self {
        self.entered = true;
        self
    }

    #[must_use]
    pub(super) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// What a lookup's failure says outside: nothing of the inside.
    pub(super) fn of_lookup(error: &LookupError, language: Language) -> Self {
        match error {
            LookupError::Unidentified(_) => Self::new(Name::Unauthenticated, language),
            LookupError::Refused(reason, _) => Self::new(Name::Denied, language)
                .with("reason", json!({ "code": reason.as_str(), "zh": reason.zh(), "en": reason.en() })),
            LookupError::TooMany(seconds, _) => {
                Self::new(Name::TooManyRequests, language).retry_after(*seconds)
            }
            LookupError::Moving => Self::new(Name::AuditUnavailable, language).retry_after(1),
            LookupError::Unrecorded(error) => Self::of_record(error, language),
            LookupError::Outdated => {
                tracing::error!(
                    "another policy is in force than this program's: start the same version everywhere"
                );
                Self::new(Name::AuditUnavailable, language).retry_after(60)
            }
            LookupError::Store(error) => Self::of_store(error, language),
            LookupError::Seal(_) => {
                tracing::error!(error = %chain(error), "a lookup failed");
                Self::new(Name::Internal, language)
            }
        }
    }

    /// Why there is no caller.
    pub(super) fn of_unidentified(error: &Unidentified, language: Language) -> Self {
        match error {
            Unidentified::Unauthenticated => Self::new(Name::Unauthenticated, language),
            Unidentified::PostNeeded(_) => Self::new(Name::AssignmentRequired, language),
            Unidentified::NoPost(_) => {
                let reason = gridvault_policy::Reason::PurposeRole;
                let reason = json!({ "code": reason.as_str(), "zh": reason.zh(), "en": reason.en() });
                Self::new(Name::Denied, language).with("reason", reason)
            }
            Unidentified::Store(error) => Self::of_store(error, language),
        }
    }

    /// What a failure to read says outside: a database that is away may come back.
    pub(super) fn of_store(error: &StoreError, language: Language) -> Self {
        tracing::error!(%error, "the database could not be read");
        match error {
            StoreError::Lost | StoreError::Retry | StoreError::Unwritable(_) => {
                Self::new(Name::AuditUnavailable, language).retry_after(5)
            }
            _ => Self::new(Name::Internal, language),
        }
    }

    /// What a failure to record says outside.
    pub(super) fn of_record(error: &gridvault_audit::RecordError, language: Language) -> Self {
        use gridvault_audit::RecordError;
        match error {
            RecordError::Busy { retry_after_secs } => {
                Self::new(Name::TooManyRequests, language).retry_after(*retry_after_secs)
            }
            RecordError::Conflict => Self::new(Name::Conflict, language),
            RecordError::Stale => Self::new(Name::AuditUnavailable, language).retry_after(1),
            RecordError::Unavailable(_) => Self::new(Name::AuditUnavailable, language).retry_after(5),
            RecordError::RolledBack(_) => Self::new(Name::LogRollback, language),
            RecordError::Refused(_) => {
                tracing::error!(%error, "an entry could not be built");
                Self::new(Name::Internal, language)
            }
        }
    }

    /// What a change's failure says outside.
    pub(super) fn of_register(error: &RegisterError, language: Language) -> Self {
        match error {
            RegisterError::Forbidden => Self::new(Name::Denied, language).with(
                "reason",
                json!({ "code": "purpose_role", "zh": "此岗位不能办理", "en": "this role may not do that" }),
            ),
            RegisterError::Denied { rule, reason } => {
                let reason = json!({ "code": reason.as_str(), "zh": reason.zh(), "en": reason.en() });
                let denied = Self::new(Name::Denied, language).with("rule", rule.to_string().into());
                denied.with("reason", reason).entered()
            }
            RegisterError::Unidentified(error) => Self::of_unidentified(error, language),
            RegisterError::Unknown("/id") => Self::new(Name::NotFound, language),
            RegisterError::Unknown(member) => Self::invalid(language, &[((*member).to_owned(), "unknown")]),
            RegisterError::Invalid { member, code } => Self::invalid(language, &[(member.clone(), code)]),
            RegisterError::Conflict => Self::new(Name::Conflict, language),
            RegisterError::TooMany(seconds) => {
                Self::new(Name::TooManyRequests, language).retry_after(*seconds)
            }
            RegisterError::Unauthenticated => Self::new(Name::Unauthenticated, language),
            RegisterError::Unrecorded(error) => Self::of_record(error, language),
            RegisterError::Store(error) => Self::of_store(error, language),
            RegisterError::Seal(_) => {
                tracing::error!(error = %chain(error), "a change failed");
                Self::new(Name::Internal, language)
            }
        }
    }
}

/// An error with its causes, for the log; none of ours says a value.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl Problem {
    /// As one answer of several: status and members, without what an answer of its own has around it.
    pub(super) fn among_others(&self) -> Value {
        let (name, status, zh, en) = self.name.row();
        let title = if self.language == Language::Zh { zh } else { en };
        let mut body = Map::new();
        body.insert("type".into(), format!("urn:gridvault:problem:{name}").into());
        body.insert("title".into(), title.into());
        body.insert("status".into(), status.as_u16().into());
        body.extend(self.members.clone());
        Value::Object(body)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.name.status();
        let mut response = (status, self.among_others().to_string()).into_response();
        if self.entered {
            response.extensions_mut().insert(super::refusals::Entered);
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
