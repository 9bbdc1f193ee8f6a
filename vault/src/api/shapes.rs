//! The shapes of answers, for the API's description alone: answers themselves are written where they are made, and a test
//! holds them against these.
#![expect(dead_code, reason = "shapes are described, never made")]

use std::collections::BTreeMap;

use schemars::JsonSchema;
use uuid::Uuid;

use crate::words::{
    DepartmentWord, Identifier, KindWord, Moment, OutcomeWord, PurposeWord, ReasonWord, RecordWord, RoleWord,
    SchemeWord,
};

macro_rules! shapes {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[$attribute:meta])* $member:ident : $kind:ty),* $(,)? })+) => {
        $(
            $(#[doc = $doc])+
            #[derive(JsonSchema)]
            pub(super) struct $name { $($(#[$attribute])* $member: $kind),* }
        )+
    };
}

shapes! {
    /// Where an entry lies: its public salt and its leaf hash, hex.
    EntryName { #[schemars(regex(pattern = "^[0-9a-f]{32}$"))] id: String, #[schemars(regex(pattern = "^[0-9a-f]{64}$"))] hash: String }
    /// Why a field is denied.
    Why { #[schemars(with = "ReasonWord")] code: String, zh: String, en: String }
    /// A field's answer.
    FieldShape {
        #[schemars(with = "OutcomeWord")] outcome: String,
        value: Option<String>,
        form: Option<String>,
        #[schemars(regex(pattern = "^R-[0-9]{3}$"))] rule: String,
        reason: Option<Why>,
    }
    /// What comes with a value: how far it may be told, and until when it may be kept.
    ObligationShape { kind: String, scope: Option<String>, days: Option<u32> }
    /// A lookup's answer.
    LookupShape { lookup: EntryName, fields: BTreeMap<String, FieldShape>, obligations: Vec<ObligationShape> }
    /// One record of several; `problem` where nothing of it is shown.
    BatchItem {
        record: Uuid,
        lookup: EntryName,
        fields: Option<BTreeMap<String, FieldShape>>,
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
        rows: u64, created: u64, corrected: u64, held: u64, refused: Vec<RowShape>, findings: Vec<RowShape>,
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
    ServiceShape { id: Uuid, #[schemars(with = "DepartmentWord")] kind: String, live: bool, pending: bool, agreement: AgreementShape }
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
    /// Who looked, as it was then.
    LookerShape { role: Option<String>, area: Option<String>, through: Option<String> }
    /// A line of the resident's trail.
    LineShape {
        id: String, #[schemars(with = "Moment")] at: String, who: LookerShape, #[schemars(with = "PurposeWord")] purpose: String,
        basis: String, fields: BTreeMap<String, String>, text: String, proof: String,
    }
    /// Who looked at me.
    LinesOfMine { lookups: Vec<LineShape>, next: Option<String> }
    /// An entry of the trail: the part that the log commits to, and the part that hangs on it.
    EntryShape { public: BTreeMap<String, serde_json::Value>, private: Option<BTreeMap<String, serde_json::Value>> }
    /// Entries that fit.
    EntriesShape { entries: Vec<EntryShape>, next: Option<i64> }
    /// A capacity in which the caller may act, with what could be seen at best.
    CapacityShape {
        #[schemars(with = "RoleWord")] role: String, #[schemars(with = "DepartmentWord")] department: String, posture: String,
        purposes: BTreeMap<String, serde_json::Value>, assignment: Option<Uuid>, service: Option<Uuid>, resident: Option<Uuid>,
    }
    /// Every capacity of the caller.
    SelfShape { capacities: Vec<CapacityShape> }
    /// A field of the catalogue.
    CatalogField { id: String, zh: String, en: String, tier: String, mask: String, #[schemars(with = "RecordWord")] record: String, derived: bool, inputs: Vec<String> }
    /// Every word that a request or an answer may hold.
    CatalogShape { policy: String, fields: Vec<CatalogField>, purposes: Vec<BTreeMap<String, serde_json::Value>>, bases: Vec<WordShape>, reasons: Vec<WordShape>, #[schemars(with = "Vec<KindWord>")] kinds: Vec<String> }
    /// A word in both languages.
    WordShape { id: String, zh: String, en: String }
    /// It runs.
    Alive { alive: bool }
    /// It can record.
    Ready { ready: bool }
}

/// A line of an import: an area, a premises, a member of staff in one post, or a resident.
#[derive(JsonSchema)]
pub(super) struct ImportLine(BTreeMap<String, serde_json::Value>);
