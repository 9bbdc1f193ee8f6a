//! The shapes of answers, for the API's description alone: answers themselves are written where they are made, and a test
//! holds them against these.
#![expect(dead_code, reason = "shapes are described, never made")]

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::problem::Name;
use crate::authority::Level;
use crate::trail::Witnessing;
use crate::words::{
    BasisWord, DepartmentWord, Identifier, KindWord, Moment, OutcomeWord, PurposeWord, ReasonWord,
    RecordWord, RoleWord, SchemeWord,
};

macro_rules! shapes {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[$attribute:meta])* $member:ident : $kind:ty),* $(,)? })+) => {
        $(
            $(#[doc = $doc])+
            #[derive(JsonSchema)]
            #[schemars(transform = left_out)]
            pub(super) struct $name { $($(#[$attribute])* $member: $kind),* }
        )+
    };
}

pub(super) use shapes;

/// What an answer has nothing of it leaves out; `next` alone is there always, null on the last page.
pub(super) fn left_out(schema: &mut Schema) {
    each_option(schema, |name, member, required| {
        if name == "next" {
            required.push(name.into());
        } else {
            not_null(member);
        }
    });
}

/// Members that are there always, null where there is nothing.
fn always_there(schema: &mut Schema) {
    each_option(schema, |name, _, required| required.push(name.into()));
}

fn each_option(schema: &mut Schema, mut change: impl FnMut(&str, &mut Value, &mut Vec<Value>)) {
    let mut required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let members = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, member) in members.into_iter().flatten() {
        if !required.iter().any(|known| known == name.as_str()) {
            change(name, member, &mut required);
        }
    }
    schema.insert("required".into(), Value::Array(required));
}

fn not_null(member: &mut Value) {
    let Some(member) = member.as_object_mut() else { return };
    if let Some(Value::Array(types)) = member.get_mut("type") {
        types.retain(|of| of != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            member.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(any)) = member.get_mut("anyOf") {
        any.retain(|of| of.get("type").is_none_or(|of| of != "null"));
        if let [Value::Object(only)] = any.as_slice() {
            let only: Map<String, Value> = only.clone();
            member.remove("anyOf");
            member.extend(only);
        }
    }
}

/// A refusal's name (RFC 9457 `type`).
enum ProblemName {}

impl JsonSchema for ProblemName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ProblemName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> Schema {
        let names: Vec<String> =
            Name::ALL.iter().map(|name| format!("urn:gridvault:problem:{}", name.as_str())).collect();
        schemars::json_schema!({ "type": "string", "enum": names, "description": "What kind of refusal it is." })
    }
}

/// How the witnesses stand to the newest checkpoint.
enum WitnessingWord {}

impl JsonSchema for WitnessingWord {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Witnessing".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> Schema {
        let words = Witnessing::ALL.map(Witnessing::as_str);
        schemars::json_schema!({ "type": "string", "enum": words, "description": "How the witnesses stand to the newest checkpoint." })
    }
}

/// Who looked, as it was then.
#[derive(JsonSchema)]
#[schemars(transform = always_there)]
pub(super) struct LookerShape {
    role: Option<String>,
    area: Option<String>,
    through: Option<String>,
}

shapes! {
    /// What is wrong with one member: where (a JSON pointer; `?name` in the query) and a stable code.
    MemberError { pointer: String, code: String }
    /// Every refusal (RFC 9457, `application/problem+json`). What else it has depends on its type.
    Problem {
        #[schemars(rename = "type", with = "ProblemName")] name: String,
        /// In the request's language: Chinese, or English where that is asked for first.
        title: String,
        status: u16,
        /// Of an `invalid-request`.
        errors: Option<Vec<MemberError>>,
        /// The rule that refuses.
        #[schemars(regex(pattern = "^R-[0-9]{3}$"))] rule: Option<String>,
        reason: Option<Why>,
        /// The entry of a refused lookup, search or verification.
        lookup: Option<EntryName>,
        fields: Option<BTreeMap<String, FieldAnswer>>,
        obligations: Option<Vec<ObligationShape>>,
    }
    /// Where an entry lies: its public salt and its leaf hash, hex.
    EntryName { #[schemars(regex(pattern = "^[0-9a-f]{32}$"))] id: String, #[schemars(regex(pattern = "^[0-9a-f]{64}$"))] hash: String }
    /// Why a field is denied.
    Why { #[schemars(with = "ReasonWord")] code: String, zh: String, en: String }
    /// A field's answer.
    FieldAnswer {
        #[schemars(with = "OutcomeWord")] outcome: String,
        value: Option<String>,
        form: Option<String>,
        #[schemars(regex(pattern = "^R-[0-9]{3}$"))] rule: String,
        reason: Option<Why>,
    }
    /// What comes with a value: how far it may be told, and until when it may be kept.
    ObligationShape { kind: String, scope: Option<String>, days: Option<u32> }
    /// A lookup's answer.
    LookupShape { lookup: EntryName, fields: BTreeMap<String, FieldAnswer>, obligations: Vec<ObligationShape> }
    /// One record of several; `problem` where nothing of it is shown.
    BatchItem {
        record: Uuid,
        lookup: EntryName,
        fields: Option<BTreeMap<String, FieldAnswer>>,
        obligations: Option<Vec<ObligationShape>>,
        problem: Option<String>,
    }
    /// Several lookups' answers, in the order asked.
    BatchShape { lookups: Vec<BatchItem> }
    /// A record found.
    HitShape { resident: Uuid, lookup: EntryName, name: Option<String>, area: Option<String> }
    /// What a search found within reach, at most 20.
    SearchShape { search: EntryName, results: Vec<HitShape> }
    /// Whether all claims hold.
    VerificationShape { verification: EntryName, holds: bool }
    /// A credential, given once.
    TokenShape { token: String, #[schemars(with = "Moment")] expires: String }
    /// What was made.
    Made { id: Uuid }
    /// What was proposed: nothing counts before a second person confirms it.
    Proposed { proposal: Uuid }
    /// A task, with the ticket of its case.
    TaskShape { id: Uuid, ticket: Option<Uuid> }
    /// A row of an import that needs looking at; never a value.
    RowShape { row: u64, column: String, code: String }
    /// What came of an import.
    ImportShape {
        rows: u64, created: u64, corrected: u64, held: u64, refused: Vec<RowShape>, findings: Vec<RowShape>, mended: Vec<RowShape>,
        duplicates: Vec<RowShape>, proposal: Option<Uuid>,
    }
    /// A proposal that is open.
    ProposalShape {
        id: Uuid, kind: String, lines: u64, #[schemars(with = "Moment")] at: String, #[schemars(with = "Moment")] until: String,
        /// Whether the caller proposed it: then somebody else has to confirm it.
        own: bool,
    }
    /// Proposals to be decided on.
    ProposalsShape { proposals: Vec<ProposalShape> }
    /// A proposal's lines, as an import has them.
    LinesShape { lines: Vec<BTreeMap<String, serde_json::Value>> }
    /// A new member of staff with the first half of the one-time code.
    NewPersonShape { id: Uuid, number: String, code_first_half: String }
    /// Second halves of codes.
    HalvesShape { people: Vec<HalfShape> }
    /// A new member of staff's second half.
    HalfShape { number: String, code_second_half: String }
    /// What a confirmed proposal made.
    ConfirmedShape { made: u64, people: Vec<NewPersonShape>, residents: Vec<Uuid>, refused: Vec<RowShape> }
    /// A post.
    PostShape {
        id: Uuid, #[schemars(with = "RoleWord")] role: String, #[schemars(with = "DepartmentWord")] department: String,
        #[schemars(with = "SchemeWord")] scheme: String, areas: Vec<String>, #[schemars(with = "Moment")] from: String,
        #[schemars(with = "Option<Moment>")] to: Option<String>, instrument: Option<String>, live: bool,
        /// A privacy officer's deputy.
        deputy: Option<bool>,
    }
    /// A member of staff.
    PersonShape { id: Uuid, number: String, name: String, assignments: Vec<PostShape> }
    /// A page of staff.
    PeopleShape { people: Vec<PersonShape>, next: Option<Uuid> }
    /// The posts of a member of staff.
    PostsShape { assignments: Vec<PostShape> }
    /// What a service was granted.
    AgreementShape {
        #[schemars(with = "Vec<PurposeWord>")] purposes: Vec<String>, #[schemars(with = "Vec<RoleWord>")] acts_for: Vec<String>,
        #[schemars(with = "Moment")] from: String, #[schemars(with = "Moment")] to: String,
    }
    /// A service.
    ServiceShape { id: Uuid, #[schemars(with = "DepartmentWord")] kind: String, live: bool, pending: bool, agreement: AgreementShape,
        /// What waits for a second person to confirm it.
        pending_agreement: Option<AgreementShape>,
    }
    /// Every service.
    ServicesShape { services: Vec<ServiceShape> }
    /// A service just admitted; its token is given this once.
    AdmittedShape { id: Uuid, token: String }
    /// A token's circumstances; never the token.
    HeldToken { #[schemars(with = "Identifier")] id: String, posture: String, #[schemars(with = "Moment")] expires: String, session: bool, live: bool }
    /// The tokens of a holder.
    TokensShape { tokens: Vec<HeldToken> }
    /// An area.
    AreaShape {
        #[schemars(with = "SchemeWord")] scheme: String, code: String, level: String, name: String,
        #[schemars(with = "Moment")] from: String, live: bool, parent: Option<String>,
        #[schemars(with = "Option<Moment>")] to: Option<String>, into: Option<String>,
    }
    /// Every area of every scheme.
    AreasShape { areas: Vec<AreaShape> }
    /// A fault of the map, with examples.
    FaultShape { code: String, count: u64, examples: Vec<String> }
    /// How many premises so many posts reach as their own.
    ReachShape { posts: u64, premises: u64 }
    /// The map looked over.
    MapShape { premises: u64, sound: bool, faults: Vec<FaultShape>, posts_per_premises: Vec<ReachShape> }
    /// A line of the resident's trail.
    LineShape {
        id: String, #[schemars(with = "Moment")] at: String, who: LookerShape, #[schemars(with = "PurposeWord")] purpose: String,
        #[schemars(with = "BasisWord")] basis: String, fields: BTreeMap<String, String>, text: String, proof: String,
    }
    /// Who looked at me.
    LinesOfMine { lookups: Vec<LineShape>, next: Option<String> }
    /// An entry of the trail: the part that the log commits to, and the part that hangs on it.
    EntryShape { public: BTreeMap<String, serde_json::Value>, private: Option<BTreeMap<String, serde_json::Value>> }
    /// Entries that fit.
    EntriesShape { entries: Vec<EntryShape>, next: Option<i64> }
    /// How many lookups, searches and verifications there were of a sort; what they say nothing of is left out.
    CountShape {
        /// In Beijing.
        #[schemars(regex(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))] day: Option<String>,
        /// The code of the post's area.
        #[schemars(with = "Option<Identifier>")] grid: Option<String>,
        #[schemars(with = "Option<RoleWord>")] role: Option<String>,
        #[schemars(with = "Option<PurposeWord>")] purpose: Option<String>,
        entries: u64,
        /// Those of which nothing was shown.
        refused: u64,
        /// Of a thousand entries so many were refused, rounded down.
        refused_permille: u64,
    }
    /// Counts, in the order of days, grids, roles and purposes; at most 10,000.
    CountsShape { counts: Vec<CountShape>, next: Option<i64> }
    /// What a purpose offers at best.
    OfferShape {
        zh: String, en: String,
        /// Whether a task is needed.
        task: bool,
        fields: BTreeMap<String, OfferedShape>,
    }
    /// A field's best outcome, by which rule, and what it needs: for each circumstance the words that will do.
    OfferedShape {
        #[schemars(with = "OutcomeWord")] outcome: String, form: Option<String>, rule: String,
        needs: BTreeMap<String, Vec<String>>,
    }
    /// A capacity in which the caller may act, with what could be seen at best.
    CapacityShape {
        /// By purpose; none where the post looks nothing up.
        purposes: BTreeMap<String, OfferShape>,
        /// The scheme that the post's areas are of.
        #[schemars(with = "Option<SchemeWord>")] scheme: Option<String>,
        areas: Option<Vec<String>>,
        /// The roles that a service may act for.
        #[schemars(with = "Option<Vec<RoleWord>>")] acts_for: Option<Vec<String>>,
        #[schemars(with = "Option<Moment>")] from: Option<String>, #[schemars(with = "Option<Moment>")] to: Option<String>,
        #[schemars(with = "RoleWord")] role: String, #[schemars(with = "DepartmentWord")] department: String, posture: String, assignment: Option<Uuid>, service: Option<Uuid>, resident: Option<Uuid>,
    }
    /// Every capacity of the caller.
    SelfShape { capacities: Vec<CapacityShape> }
    /// A field of the catalogue.
    CatalogField { id: String, zh: String, en: String, tier: String, mask: String, #[schemars(with = "RecordWord")] record: String, derived: bool, inputs: Vec<String>,
        /// What its values stand for, where they are codes.
        codes: Vec<WordShape> }
    /// Every word that a request or an answer may hold.
    CatalogShape { policy: String, fields: Vec<CatalogField>, purposes: Vec<CatalogPurpose>, bases: Vec<WordShape>, reasons: Vec<WordShape>,
        task_kinds: Vec<CatalogTaskKind>,
        /// How a task may end.
        outcomes: Vec<WordShape>,
        /// What residents' committees assist with: the published list's items.
        task_list: Vec<CatalogItem>, #[schemars(with = "Vec<KindWord>")] kinds: Vec<String> }
    /// A kind of task: the purposes that it may serve, and how it may end.
    CatalogTaskKind { id: String, zh: String, en: String, #[schemars(with = "Vec<PurposeWord>")] purposes: Vec<String>, outcomes: Vec<String> }
    /// An item of the task list.
    CatalogItem { id: String, zh: String, #[schemars(with = "Vec<PurposeWord>")] purposes: Vec<String> }
    /// A purpose: whether it needs a task, and what it may rest on.
    CatalogPurpose { id: String, zh: String, en: String, task: bool, #[schemars(with = "Vec<BasisWord>")] bases: Vec<String> }
    /// A word in both languages.
    WordShape { id: String, zh: String, en: String }
    /// It runs.
    Alive { alive: bool }
    /// It can record; and how the witnesses stand to what is recorded.
    Ready { ready: bool, #[schemars(with = "WitnessingWord")] witnesses: String }
    /// A page of sizes.
    SizesShape { sizes: Vec<u64>, next: Option<i64> }
    /// A key with the sizes that it signs.
    LogKeyShape { key: String, from: u64, to: Option<u64> }
    /// The log's verifier keys.
    LogKeysShape { origin: String, keys: Vec<LogKeyShape>,
        /// Verifier keys of receipts, the oldest first; the last one signs.
        receipts: Vec<String>,
    }
    /// A witness's name and verifier key.
    WitnessShape { name: String, key: String }
    /// The witnesses that are asked.
    WitnessesShape { witnesses: Vec<WitnessShape> }
}

/// Entries, or counts where these are asked for.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum TrailAnswer {
    /// Without `count_by`.
    Entries(EntriesShape),
    /// With `count_by`.
    Counts(CountsShape),
}

/// A line of an import; its kind is the query's.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum ImportLine {
    /// `kind=areas`
    Area(AreaLine),
    /// `kind=premises` and `kind=residents`
    Record(RecordLine),
    /// `kind=people`
    Post(PostLine),
}

/// An area: of a known code, what is said otherwise is changed.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct AreaLine {
    /// The row of the file, to be named where something is wrong with it.
    row: Option<u64>,
    #[schemars(with = "SchemeWord")]
    scheme: String,
    #[schemars(with = "Identifier")]
    code: String,
    parent: Option<String>,
    level: Level,
    #[schemars(length(min = 1, max = 50))]
    name: String,
    into: Option<String>,
    #[schemars(with = "crate::words::When")]
    from: String,
    #[schemars(with = "Option<crate::words::When>")]
    to: Option<String>,
}

/// A premises with its cells, or a resident with the code of the home.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct RecordLine {
    row: Option<u64>,
    /// The code of a resident's home.
    premises: Option<String>,
    /// Values by field.
    #[schemars(extend("propertyNames" = json!({ "$ref": "#/components/schemas/StoredField" })))]
    fields: BTreeMap<String, String>,
    /// A premises' cell in each scheme.
    #[schemars(default)]
    cells: BTreeMap<String, String>,
}

/// A member of staff in one post; the same number again is a further post.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct PostLine {
    row: Option<u64>,
    #[schemars(with = "Identifier")]
    number: String,
    #[schemars(length(min = 1, max = 50))]
    name: String,
    #[schemars(with = "RoleWord")]
    role: String,
    #[schemars(with = "Option<DepartmentWord>")]
    department: Option<String>,
    #[schemars(with = "SchemeWord")]
    scheme: String,
    #[schemars(length(min = 1))]
    areas: Vec<String>,
    #[schemars(with = "crate::words::When")]
    from: String,
    #[schemars(with = "Option<crate::words::When>")]
    to: Option<String>,
    instrument: Option<String>,
    letter: Option<String>,
    /// A privacy officer's deputy, for 90 days at most.
    #[schemars(default)]
    deputy: bool,
}
