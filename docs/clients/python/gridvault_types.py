# Made from docs/openapi.json by docs/clients/generate: do not edit.

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class Admitted(TypedDict):
    """
    A service just admitted; its token is given this once.
    """

    id: str
    token: str


class Alive(TypedDict):
    """
    It runs.
    """

    alive: bool


class AreaCoverage(TypedDict):
    """
    The same, of an area.
    """

    area: str
    by_older_version: int
    informed: int
    name: str
    residents: int
    unnotified: int


Basis: TypeAlias = Literal[
    'none',
    'consent',
    'statutory_duty',
    'delegation',
    'emergency',
    'self',
    'legal_request',
]


By: TypeAlias = Literal['id_number', 'phone', 'name', 'premises']


CaseKind: TypeAlias = Literal[
    'environment_property',
    'facilities',
    'family_health',
    'social_service',
    'education_sport',
    'public_order',
]


class CatalogPurpose(TypedDict):
    """
    A purpose: whether it needs a task, and what it may rest on.
    """

    bases: list[Basis]
    en: str
    id: str
    task: bool
    zh: str


Channel: TypeAlias = Literal[
    'paper_signed', 'read_aloud', 'wechat_link', 'posted', 'sms'
]


class CodeRequest(TypedDict):
    """
    The open application at the window that the code is for.
    """

    task: str


Confirmer: TypeAlias = Literal['subject', 'guardian', 'proxy']


ConsentKind: TypeAlias = Literal['general', 'separate', 'written']


ConsentSaid: TypeAlias = Literal[
    'requested', 'given', 'refused', 'deferred', 'withdrawn', 'renewed'
]


ConsentState: TypeAlias = Literal[
    'requested',
    'given',
    'refused',
    'deferred',
    'withdrawn',
    'renewed',
    'confirmed',
    'invalidated',
]


class ConsentStep(TypedDict):
    """
    One step of a consent that somebody else recorded: the code that the resident got, or that the resident was met.
    """

    code: NotRequired[str | None]
    confirmed: NotRequired[bool]
    method: NotRequired[Literal['signature', 'fingerprint_witnessed', 'voice_recorded']]


CountBy: TypeAlias = Literal['day', 'grid', 'role', 'purpose']


class CountsOfInformed(TypedDict):
    """
    Residents by what they were told.
    """

    by_older_version: int
    informed: int
    residents: int
    unnotified: int


class Coverage(TypedDict):
    """
    How far residents are informed.
    """

    communities: list[AreaCoverage]
    grids: list[AreaCoverage]
    in_no_grid: CountsOfInformed
    street: CountsOfInformed


Danger: TypeAlias = Literal[
    'fire',
    'gas',
    'disaster',
    'medical',
    'missing_person',
    'violence',
    'other_danger_to_life',
]


Department: TypeAlias = Literal[
    'none',
    'police',
    'justice',
    'civil_affairs',
    'health',
    'fire',
    'housing',
    'urban_management',
    'labour',
    'floating_population',
    'disability',
    'minors',
    'hotline_12345',
    'hotline_96005',
    'service_circle',
    'governance_platform',
    'terminal_backend',
]


class EmergencyConfirmation(TypedDict):
    """
    That a second person confirms it: what else it names is open from now on.
    """

    confirmed: Literal[True]


class Ending(TypedDict):
    """
    What may be done to a post: it ends.
    """

    ended: Literal[True]


class Entry(TypedDict):
    """
    An entry of the trail: the part that the log commits to, and the part that hangs on it.
    """

    private: NotRequired[dict[str, Any]]
    public: dict[str, Any]


class EntryName(TypedDict):
    """
    Where an entry lies: its public salt and its leaf hash, hex.
    """

    hash: str
    id: str


EntryOutcome: TypeAlias = Literal['clear', 'masked', 'derived', 'matched', 'denied']


class ErasureDecision(TypedDict):
    """
    Another person's decision on an erasure.
    """

    granted: bool


FactorState: TypeAlias = Literal['none', 'waits', 'counts']


class Fault(TypedDict):
    """
    A fault of the map, with examples.
    """

    code: str
    count: int
    examples: list[str]


Field: TypeAlias = Literal[
    'person.id',
    'person.name',
    'person.former_name',
    'person.id_type',
    'person.id_no',
    'person.sex',
    'person.birth_date',
    'person.ethnicity',
    'person.nationality',
    'person.phone',
    'person.hukou_division',
    'person.hukou_address',
    'person.residence_premises',
    'person.hukou_consistent',
    'person.residence_kind',
    'person.emergency_contact_name',
    'person.emergency_contact_phone',
    'person.language_need',
    'person.deceased_on',
    'household.no',
    'household.head',
    'household.relation',
    'household.member_count',
    'premises.code',
    'premises.address',
    'premises.building',
    'premises.use',
    'premises.area_m2',
    'premises.geo',
    'premises.occupancy',
    'premises.hazard',
    'premises.fire_check_last',
    'premises.owner_name',
    'premises.owner_id_no',
    'premises.owner_phone',
    'lease.tenant',
    'lease.purpose',
    'lease.start',
    'lease.end',
    'float.inflow_reason',
    'float.permit_type',
    'float.permit_no',
    'float.permit_expires',
    'float.arrived_on',
    'float.left_on',
    'float.dwelling_type',
    'float.workplace',
    'elder.living_alone',
    'elder.visit_plan',
    'elder.help_need',
    'health.chronic_note',
    'disability.category',
    'disability.grade',
    'disability.card_no',
    'relief.kind',
    'minor.flag',
    'minor.guardian',
    'minor.situation',
    'minor.school',
    'correct.flag',
    'correct.case_no',
    'correct.type',
    'correct.start',
    'correct.end',
    'correct.team',
    'mental.care_flag',
    'dv.notice',
    'dispute.case',
    'case.id',
    'case.kind',
    'case.place',
    'case.reporter_phone',
    'derived.age_band',
    'derived.age_over_60',
    'derived.age_over_80',
    'derived.is_minor',
    'derived.lives_in_area',
    'derived.responsible_areas',
    'derived.service_target',
    'derived.reachable_by_phone',
    'derived.household_size_band',
]


class Half(TypedDict):
    """
    A new member of staff's second half.
    """

    code_second_half: str
    number: str


class Halves(TypedDict):
    """
    Second halves of codes.
    """

    people: list[Half]


class Hit(TypedDict):
    """
    A record found.
    """

    area: NotRequired[str]
    lookup: EntryName
    name: NotRequired[str]
    resident: str


Identifier: TypeAlias = str


InformedBy: TypeAlias = Literal['newest', 'older', 'none']


Kind: TypeAlias = Literal[
    'log.created',
    'log.closed',
    'clock.jumped',
    'auth.signed_in',
    'auth.refused',
    'auth.refused_many',
    'session.ended',
    'token.issued',
    'token.revoked',
    'credential.changed',
    'lookup',
    'search',
    'verification',
    'export',
    'statistics.released',
    'resident.created',
    'resident.corrected',
    'resident.restricted',
    'resident.erased',
    'import.batch',
    'notice.published',
    'notice.delivered',
    'consent.requested',
    'consent.given',
    'consent.refused',
    'consent.deferred',
    'consent.withdrawn',
    'consent.expired',
    'consent.renewed',
    'consent.invalidated',
    'task.opened',
    'task.closed',
    'delegation.granted',
    'delegation.revoked',
    'assignment.granted',
    'assignment.ended',
    'agreement.granted',
    'agreement.ended',
    'emergency.declared',
    'emergency.reviewed',
    'emergency.ended',
    'disclosure.registered',
    'policy.proposed',
    'policy.approved',
    'policy.activated',
    'policy.rejected',
    'tenant.created',
    'tenant.moved',
    'area.created',
    'area.changed',
    'premises.created',
    'premises.corrected',
    'person.created',
    'service.created',
    'ticket.created',
    'device.enrolled',
    'device.lost',
    'device.revoked',
    'key.rotated',
    'key.destroyed',
    'key.unsealed',
    'trail.read',
    'trail.exported',
    'trail.pruned',
    'dispute.opened',
    'dispute.decided',
    'request.opened',
    'request.answered',
    'finding.raised',
    'finding.reviewed',
    'supervision.noted',
    'embargo.set',
    'embargo.ended',
    'backup.made',
    'backup.restored',
    'witness.unreachable',
    'witness.disagreed',
]


class LegalBasis(TypedDict):
    """
    A legal basis, perhaps with what it rests on.
    """

    kind: Basis
    ref: NotRequired[Identifier | None]


Level: TypeAlias = Literal['street', 'community', 'grid']


class Lines(TypedDict):
    """
    A proposal's lines, as an import has them.
    """

    lines: list[dict[str, Any]]


LogKey = TypedDict(
    'LogKey',
    {
        'from': int,
        'key': str,
        'to': NotRequired[int],
    },
)


class LogKeys(TypedDict):
    """
    The log's verifier keys.
    """

    keys: list[LogKey]
    origin: str
    receipts: list[str]


class Looker(TypedDict):
    """
    Who looked, as it was then.
    """

    area: str | None
    role: str | None
    through: str | None


class Made(TypedDict):
    """
    What was made.
    """

    id: str


MandateKind: TypeAlias = Literal['guardian', 'proxy']


class MandateStep(TypedDict):
    """
    One step of a mandate: confirmed by a second person, or ended.
    """

    confirmed: NotRequired[bool]
    ended: NotRequired[bool]


class MemberError(TypedDict):
    """
    What is wrong with one member: where (a JSON pointer; `?name` in the query) and a stable code.
    """

    code: str
    pointer: str


class MinorApproval(TypedDict):
    """
    Approvals of minors' files in a month.
    """

    given: int
    month: str
    revoked: int
    standing: int


Moment: TypeAlias = str


class NewEmergency(TypedDict):
    """
    An emergency as declared: the residents of one place, or residents one by one.
    """

    event: Identifier
    place: NotRequired[str | None]
    reason: Danger
    residents: NotRequired[list[str]]


class NewFactor(TypedDict):
    """
    A code that came by letter or message.
    """

    code: str


class NewPerson(TypedDict):
    """
    A new member of staff with the first half of the one-time code.
    """

    code_first_half: str
    id: str
    number: str


class NoticeItems(TypedDict):
    """
    What a notice says in one language (PIPL 17, 30; 网络数据安全管理条例 21).
    """

    changes: NotRequired[str]
    complaint: str
    contact: str
    handler: str
    minors: NotRequired[str]
    necessity: NotRequired[str]
    privacy_officer: str
    purpose: str
    recipients: str
    refusal: str
    retention: str
    retention_end: str
    rights: str
    ways: str
    withdrawal: str


NoticeState: TypeAlias = Literal['proposed', 'approved', 'in_force', 'superseded']


class NoticeStep(TypedDict):
    """
    A second person's word on a proposed version, or that its author takes it back.
    """

    approved: bool


class Obligation(TypedDict):
    """
    What comes with a value: how far it may be told, and until when it may be kept.
    """

    days: NotRequired[int]
    kind: str
    scope: NotRequired[str]


class OpenedOne(TypedDict):
    """
    What became of one task of a batch.
    """

    id: NotRequired[str]
    problem: NotRequired[dict[str, Any]]
    status: int
    ticket: NotRequired[str]


Organ: TypeAlias = Literal[
    'police', 'procuratorate', 'court', 'state_security', 'supervision', 'other'
]


Outcome: TypeAlias = Literal[
    'clear', 'masked', 'derived', 'matched', 'denied', 'absent'
]


OwnConsentSaid: TypeAlias = Literal[
    'given', 'renewed', 'refused', 'deferred', 'withdrawn'
]


Present: TypeAlias = Literal[
    'none',
    'requested',
    'given',
    'renewed',
    'refused',
    'deferred',
    'withdrawn',
    'expired',
    'needs_renewal',
    'invalid',
    'invalidated',
]


Print: TypeAlias = Literal['normal', 'large']


ProblemName: TypeAlias = Literal[
    'urn:gridvault:problem:invalid-request',
    'urn:gridvault:problem:unauthenticated',
    'urn:gridvault:problem:denied',
    'urn:gridvault:problem:assignment-required',
    'urn:gridvault:problem:task-required',
    'urn:gridvault:problem:basis-required',
    'urn:gridvault:problem:not-found',
    'urn:gridvault:problem:conflict',
    'urn:gridvault:problem:too-large',
    'urn:gridvault:problem:too-many-requests',
    'urn:gridvault:problem:audit-unavailable',
    'urn:gridvault:problem:log-rollback',
    'urn:gridvault:problem:internal',
]


class Proposal(TypedDict):
    """
    A proposal that is open.
    """

    at: Moment
    id: str
    kind: str
    lines: int
    own: bool
    until: Moment


class Proposals(TypedDict):
    """
    Proposals to be decided on.
    """

    proposals: list[Proposal]


class Proposed(TypedDict):
    """
    What was proposed: nothing counts before a second person confirms it.
    """

    proposal: str


class ProposedNotice(TypedDict):
    """
    A proposed version, by its id.
    """

    hash: str
    id: str
    version: int


PrunedParts: TypeAlias = Literal['entries', 'private_parts']


Purpose: TypeAlias = Literal[
    'case_handling',
    'home_visit_care',
    'social_assistance',
    'minor_protection',
    'floating_population_registration',
    'rental_safety_check',
    'community_corrections_support',
    'domestic_violence_followup',
    'health_followup',
    'dispute_mediation',
    'window_service',
    'fire_safety_check',
    'emergency_notice',
    'environment_order',
    'labour_inspection_assist',
    'statistics',
    'resident_access',
    'emergency_rescue',
    'service_matching',
    'compliance_audit',
    'data_quality',
    'legal_request',
]


class Reach(TypedDict):
    """
    How many premises so many posts reach as their own.
    """

    posts: int
    premises: int


Reason: TypeAlias = Literal[
    'no_task',
    'task_closed',
    'not_assigned',
    'subject_not_in_task',
    'grid_scope',
    'purpose_role',
    'no_basis',
    'letter_expired',
    'instrument_expired',
    'consent_none',
    'consent_withdrawn',
    'consent_expired',
    'needs_renewal',
    'notice_stale',
    'needs_separate',
    'needs_guardian',
    'needs_approval',
    'field_not_for_purpose',
    'field_prohibited',
    'frozen',
    'erased',
    'tier_list',
    'rate',
    'device_revoked',
    'off_duty',
    'training',
    'conflict_of_interest',
    'pia_missing',
    'embargo_doc',
    'log_unavailable',
]


class Receipt(TypedDict):
    """
    A receipt.
    """

    check_code: str
    code: str
    hash: str
    key: str
    proof: NotRequired[str]
    receipt: dict[str, Any]
    signed: str


class RecordLine(TypedDict):
    """
    A premises with its cells, or a resident with the code of the home.
    """

    cells: NotRequired[dict[str, str]]
    fields: dict[StoredField, str]
    premises: NotRequired[str | None]
    row: NotRequired[int | None]


RecordType: TypeAlias = Literal['person', 'premises', 'ticket']


class Reporter(TypedDict):
    """
    The reporter of a case (反映人).
    """

    name: str
    phone: str


Result: TypeAlias = Literal['allowed', 'partial', 'denied', 'failed']


ReviewWord: TypeAlias = Literal['justified', 'not_justified', 'lifted']


Reviewed: TypeAlias = Literal['justified', 'not_justified', 'lifted']


Role: TypeAlias = Literal[
    'grid_chief',
    'grid_assistant',
    'dispatched_officer',
    'grid_supervisor',
    'grid_informant',
    'window_clerk',
    'data_steward',
    'analyst',
    'privacy_officer',
    'auditor',
    'security_admin',
    'system_operator',
    'resident',
    'guardian',
    'proxy',
    'service',
]


class Row(TypedDict):
    """
    A row of an import that needs looking at; never a value.
    """

    code: str
    column: str
    row: int


SaidItems: TypeAlias = dict[str, str]
"""
Items of one language; empty ones are left out.
"""


Scheme: TypeAlias = Literal[
    'social_grid', 'city_management', 'public_order', 'service_circle'
]


class Search(TypedDict):
    """
    What a search found within reach, at most 20.
    """

    results: list[Hit]
    search: EntryName


class SearchRequest(TypedDict):
    """
    A search: by exact ID number or phone, by premises, or by name in one area.
    """

    area: NotRequired[Identifier | None]
    assignment: NotRequired[str | None]
    basis: NotRequired[LegalBasis | None]
    by: By
    on_behalf_of: NotRequired[str | None]
    purpose: Purpose
    task: NotRequired[str | None]
    value: str


SecondFactor = TypedDict(
    'SecondFactor',
    {
        'from': NotRequired[Moment],
        'state': FactorState,
    },
)


class SendingRun(TypedDict):
    """
    Whom a run of letters or messages is for: those to whom something is owed, or those of a grid who are not informed.
    """

    dues: NotRequired[list[str]]
    print: NotRequired[Print]
    uninformed_in: NotRequired[str | None]


Series: TypeAlias = Literal['GN', 'SN', 'NM', 'EM']


class ServiceCourse(TypedDict):
    """
    What may be done to a service: what somebody else granted is confirmed, or all of it ends.
    """

    confirmed: NotRequired[bool]
    ended: NotRequired[bool]


Shift = TypedDict(
    'Shift',
    {
        'confirmed': bool,
        'covers': NotRequired[str],
        'ended': bool,
        'from': Moment,
        'id': str,
        'person': str,
        'to': Moment,
    },
)


class ShiftStep(TypedDict):
    """
    One step of a shift: a second person confirms it, or it is taken back.
    """

    confirmed: NotRequired[bool]
    ended: NotRequired[bool]


class SignIn(TypedDict):
    """
    A one-time code: a resident's, or a member of staff's first.
    """

    code: str


SignInKind: TypeAlias = Literal[
    'code_given', 'signed_in', 'factor_sent', 'factor_added', 'factors_dropped'
]


class SignInShape(TypedDict):
    """
    A sign-in, or what makes one possible.
    """

    area: NotRequired[str]
    at: Moment
    role: NotRequired[Role]
    text: str
    what: SignInKind


class Signature(TypedDict):
    """
    What a second person does with a letter: signs it.
    """

    signed: Literal[True]


class Sizes(TypedDict):
    """
    A page of sizes.
    """

    next: int | None
    sizes: list[int]


SpeakerKind: TypeAlias = Literal['subject', 'guardian', 'proxy']


class SpeakerSaid(TypedDict):
    """
    Who speaks for the resident.
    """

    kind: SpeakerKind
    mandate: NotRequired[str | None]


StoredField: TypeAlias = Literal[
    'person.id',
    'person.name',
    'person.former_name',
    'person.id_type',
    'person.id_no',
    'person.sex',
    'person.birth_date',
    'person.ethnicity',
    'person.nationality',
    'person.phone',
    'person.hukou_division',
    'person.hukou_address',
    'person.residence_premises',
    'person.hukou_consistent',
    'person.residence_kind',
    'person.emergency_contact_name',
    'person.emergency_contact_phone',
    'person.language_need',
    'person.deceased_on',
    'household.no',
    'household.head',
    'household.relation',
    'household.member_count',
    'premises.code',
    'premises.address',
    'premises.building',
    'premises.use',
    'premises.area_m2',
    'premises.geo',
    'premises.occupancy',
    'premises.hazard',
    'premises.fire_check_last',
    'premises.owner_name',
    'premises.owner_id_no',
    'premises.owner_phone',
    'lease.tenant',
    'lease.purpose',
    'lease.start',
    'lease.end',
    'float.inflow_reason',
    'float.permit_type',
    'float.permit_no',
    'float.permit_expires',
    'float.arrived_on',
    'float.left_on',
    'float.dwelling_type',
    'float.workplace',
    'elder.living_alone',
    'elder.visit_plan',
    'elder.help_need',
    'health.chronic_note',
    'disability.category',
    'disability.grade',
    'disability.card_no',
    'relief.kind',
    'minor.flag',
    'minor.guardian',
    'minor.situation',
    'minor.school',
    'correct.flag',
    'correct.case_no',
    'correct.type',
    'correct.start',
    'correct.end',
    'correct.team',
    'mental.care_flag',
    'dv.notice',
    'dispute.case',
    'case.id',
    'case.kind',
    'case.place',
    'case.reporter_phone',
]


class Task(TypedDict):
    """
    A task, with the ticket of its case.
    """

    id: str
    ticket: NotRequired[str]


TaskKind: TypeAlias = Literal[
    'case',
    'visit',
    'inspection',
    'registration',
    'application',
    'mediation',
    'correction_team',
    'child_file',
    'emergency',
    'rights_request',
    'legal_request',
    'quality_check',
]


class Token(TypedDict):
    """
    A credential, given once.
    """

    expires: Moment
    token: str


class Used(TypedDict):
    """
    What a post was granted and used.
    """

    grids_granted: int
    grids_used: int
    id: str
    label: str
    live: bool
    lookups: int
    purposes_granted: list[Purpose]
    purposes_used: list[Purpose]
    refused: int


class Verification(TypedDict):
    """
    Whether all claims hold.
    """

    holds: bool
    verification: EntryName


class VerificationRequest(TypedDict):
    """
    A verification: whether all of these claims hold of a resident, named by id or by a whole value.
    """

    assignment: NotRequired[str | None]
    basis: NotRequired[LegalBasis | None]
    by: NotRequired[By | None]
    claims: dict[StoredField, str]
    on_behalf_of: NotRequired[str | None]
    purpose: Purpose
    resident: NotRequired[str | None]
    task: NotRequired[str | None]
    value: NotRequired[str | None]


When: TypeAlias = str


class Why(TypedDict):
    """
    Why a field is denied.
    """

    code: Reason
    en: str
    zh: str


Why2: TypeAlias = Literal[
    'emergency', 'consent_recorded', 'sign_in', 'mandate', 'demand'
]


class Witness(TypedDict):
    """
    A witness's name and verifier key.
    """

    key: str
    name: str


class Witnesses(TypedDict):
    """
    The witnesses that are asked.
    """

    witnesses: list[Witness]


Witnessing: TypeAlias = Literal['witnessed', 'unwitnessed', 'unreachable', 'disagreed']


class Word(TypedDict):
    """
    A word in both languages.
    """

    en: str
    id: str
    zh: str


Agreement = TypedDict(
    'Agreement',
    {
        'acts_for': list[Role],
        'from': Moment,
        'purposes': list[Purpose],
        'to': Moment,
    },
)


Area = TypedDict(
    'Area',
    {
        'code': str,
        'from': Moment,
        'into': NotRequired[str],
        'level': str,
        'live': bool,
        'name': str,
        'parent': NotRequired[str],
        'scheme': Scheme,
        'to': NotRequired[Moment],
    },
)


AreaLine = TypedDict(
    'AreaLine',
    {
        'code': Identifier,
        'from': When,
        'into': NotRequired[str | None],
        'level': Level,
        'name': str,
        'parent': NotRequired[str | None],
        'row': NotRequired[int | None],
        'scheme': Scheme,
        'to': NotRequired[When | None],
    },
)


class Areas(TypedDict):
    """
    Every area of every scheme.
    """

    areas: list[Area]


class BatchRequest(TypedDict):
    """
    Several records for one purpose, basis and task: all residents, all premises or all tickets.
    """

    assignment: NotRequired[str | None]
    basis: NotRequired[LegalBasis | None]
    fields: list[Field]
    on_behalf_of: NotRequired[str | None]
    premises: NotRequired[list[str]]
    purpose: Purpose
    residents: NotRequired[list[str]]
    task: NotRequired[str | None]
    tickets: NotRequired[list[str]]


class CapacityDoubt(TypedDict):
    """
    A doubt whether a resident can understand what is consented to.
    """

    doubted: bool
    reason: Identifier


class CatalogField(TypedDict):
    """
    A field of the catalogue.
    """

    codes: list[Word]
    derived: bool
    en: str
    id: str
    inputs: list[str]
    mask: str
    record: RecordType
    tier: str
    zh: str


class CatalogItem(TypedDict):
    """
    An item of the task list.
    """

    id: str
    purposes: list[Purpose]
    zh: str


class CatalogTaskKind(TypedDict):
    """
    A kind of task: the purposes that it may serve, and how it may end.
    """

    en: str
    id: str
    outcomes: list[str]
    purposes: list[Purpose]
    zh: str


class Code(TypedDict):
    """
    A sign-in code.
    """

    code: str
    expires: Moment


class Confirmed(TypedDict):
    """
    What a confirmed proposal made.
    """

    made: int
    people: list[NewPerson]
    refused: list[Row]
    residents: list[str]


class Consent(TypedDict):
    """
    How the consent for a purpose stands; for staff who do not keep consents no more than its state.
    """

    confirmed: NotRequired[bool]
    event: NotRequired[str]
    fields: NotRequired[list[Field]]
    held_back: NotRequired[list[Field]]
    purpose: Purpose
    reason: NotRequired[Why]
    state: Present
    until: NotRequired[Moment]


class ConsentEvent(TypedDict):
    """
    A consent event.
    """

    at: Moment
    basis_kind: ConsentKind
    entry: int
    expressed_by: str
    fields: list[Field]
    id: str
    mandate: NotRequired[str]
    method: str
    notice: NotRequired[str]
    number: int
    of: NotRequired[str]
    purpose: Purpose
    recorded_by: str
    state: ConsentState
    until: Moment


class ConsentInvalidation(TypedDict):
    """
    Why a consent is void.
    """

    finding: int
    reason: Identifier


class Correction(TypedDict):
    """
    What is said of a resident now.
    """

    basis: NotRequired[Basis | None]
    evidence: NotRequired[Identifier | None]
    fields: NotRequired[dict[StoredField, str | None]]
    premises: NotRequired[str | None]
    purpose: NotRequired[Purpose | None]
    task: NotRequired[str | None]


class Count(TypedDict):
    """
    How many lookups, searches and verifications there were of a sort; what they say nothing of is left out.
    """

    day: NotRequired[str]
    entries: int
    grid: NotRequired[Identifier]
    purpose: NotRequired[Purpose]
    refused: int
    refused_permille: int
    role: NotRequired[Role]


class Counts(TypedDict):
    """
    Counts, in the order of days, grids, roles and purposes; at most 10,000.
    """

    counts: list[Count]
    next: int | None


class Declared(TypedDict):
    """
    An emergency just declared.
    """

    id: str
    residents: list[str]
    review_by: Moment
    until: Moment
    waiting: int


class Demand(TypedDict):
    """
    A demand.
    """

    approved_by: NotRequired[str]
    assignee: NotRequired[str]
    at: Moment
    closes: Moment
    document: str
    embargo_proposed: NotRequired[Moment]
    embargo_until: NotRequired[Moment]
    embargoed: bool
    fields: list[str]
    id: str
    open: bool
    organ: Organ
    requester: str
    residents: list[str]
    sha256: str


class DemandStep(TypedDict):
    """
    One step of a demand: `approved`, or another end of its embargo with the document that says so.
    """

    approved: NotRequired[bool]
    document: NotRequired[str | None]
    embargo_until: NotRequired[When | None]
    sha256: NotRequired[str | None]


class Demands(TypedDict):
    """
    A page of demands.
    """

    demands: list[Demand]
    next: str | None


class Due(TypedDict):
    """
    What a resident has to be told.
    """

    by: Moment
    id: str
    overdue: bool
    resident: str
    since: Moment
    text: str
    why: Why2


class Dues(TypedDict):
    """
    A page of it.
    """

    dues: list[Due]
    next: str | None
    open: int
    overdue: int
    uninformed: int


class Emergency(TypedDict):
    """
    An emergency.
    """

    areas: list[str]
    at: Moment
    bars: bool
    confirmed: bool
    department: Department
    event: str
    id: str
    looked_up: NotRequired[int]
    open: bool
    person: NotRequired[str]
    place: NotRequired[str]
    reason: Danger
    residents: int
    review: NotRequired[ReviewWord]
    review_by: Moment
    until: Moment


class EmergencyReview(TypedDict):
    """
    What the reviewer says.
    """

    outcome: Reviewed


class EndingPost(TypedDict):
    """
    A post that ends soon.
    """

    areas: list[str]
    department: Department
    id: str
    role: Role
    to: Moment


class EndingService(TypedDict):
    """
    A service whose agreement ends soon.
    """

    id: str
    kind: Department
    to: Moment


class Entries(TypedDict):
    """
    Entries that fit.
    """

    entries: list[Entry]
    next: int | None


class ErasureRequest(TypedDict):
    """
    Why a record is to be erased.
    """

    reason: Identifier


class Factor(TypedDict):
    """
    Since when a second factor counts.
    """

    counts_from: Moment


class FieldAnswer(TypedDict):
    """
    A field's answer.
    """

    form: NotRequired[str]
    outcome: Outcome
    reason: NotRequired[Why]
    rule: str
    value: NotRequired[str]


class Given(TypedDict):
    """
    What a resident was given: a version, or word of something.
    """

    at: NotRequired[Moment]
    channel: NotRequired[Channel]
    confirmed_by: NotRequired[Confirmer]
    delivery: NotRequired[str]
    notice: NotRequired[str]
    series: NotRequired[Series]
    title: NotRequired[str]
    version: NotRequired[int]
    witnessed: NotRequired[bool]


class HeldTask(TypedDict):
    """
    An open task.
    """

    assignees: list[str]
    closes: Moment
    confirmed: bool
    id: str
    kind: TaskKind
    late: bool
    linked: list[str]
    opens: Moment
    own: bool
    premises: list[str]
    purpose: Purpose
    residents: list[str]
    same_as: NotRequired[str]
    ticket: NotRequired[str]


class HeldToken(TypedDict):
    """
    A token's circumstances; never the token.
    """

    expires: Moment
    id: Identifier
    live: bool
    posture: str
    session: bool


class Import(TypedDict):
    """
    What came of an import.
    """

    corrected: int
    created: int
    duplicates: list[Row]
    findings: list[Row]
    held: int
    mended: list[Row]
    proposal: NotRequired[str]
    refused: list[Row]
    rows: int


class Informing(TypedDict):
    """
    That a resident was informed, as recorded.
    """

    at: NotRequired[When | None]
    channel: Channel
    confirmed_by: NotRequired[Confirmer | None]
    dues: NotRequired[list[str]]
    evidence: NotRequired[str | None]
    notice: NotRequired[str | None]
    witness: NotRequired[str | None]


Letter = TypedDict(
    'Letter',
    {
        'areas': list[str],
        'article': str,
        'department': Department,
        'fields': list[Field],
        'from': Moment,
        'id': str,
        'live': bool,
        'number': str,
        'pending': bool,
        'person': str,
        'purposes': list[Purpose],
        'renews': NotRequired[str],
        'statute': str,
        'to': Moment,
        'unit': NotRequired[str],
    },
)


class Letters(TypedDict):
    """
    Letters, and the posts and agreements that end as soon as asked for.
    """

    assignments: list[EndingPost]
    letters: list[Letter]
    services: list[EndingService]


class Line(TypedDict):
    """
    A line of the resident's trail.
    """

    at: Moment
    basis: Basis
    fields: dict[str, str]
    id: str
    proof: str
    purpose: Purpose
    text: str
    who: Looker


class LinesOfMine(TypedDict):
    """
    Who looked at me.
    """

    lookups: list[Line]
    next: str | None


class Lookup(TypedDict):
    """
    A lookup's answer.
    """

    fields: dict[str, FieldAnswer]
    lookup: EntryName
    obligations: list[Obligation]


class LookupRequest(TypedDict):
    """
    A lookup: exactly one of resident, premises and ticket is asked for.
    """

    assignment: NotRequired[str | None]
    basis: NotRequired[LegalBasis | None]
    fields: list[Field]
    on_behalf_of: NotRequired[str | None]
    premises: NotRequired[str | None]
    purpose: Purpose
    resident: NotRequired[str | None]
    task: NotRequired[str | None]
    ticket: NotRequired[str | None]


Mandate = TypedDict(
    'Mandate',
    {
        'confirmed': bool,
        'fields': list[StoredField],
        'from': Moment,
        'id': str,
        'kind': MandateKind,
        'live': bool,
        'person': NotRequired[str],
        'proof': str,
        'purposes': list[Purpose],
        'relation': str,
        'to': Moment,
    },
)


class Map(TypedDict):
    """
    The map looked over.
    """

    faults: list[Fault]
    posts_per_premises: list[Reach]
    premises: int
    sound: bool


class MinorAccess(TypedDict):
    """
    Lookups of minors' T4 data in a month by a role.
    """

    approved: int
    emergencies: int
    month: str
    refused: int
    role: Role
    shown: int


class Minors(TypedDict):
    """
    A year's account; counts, never persons.
    """

    accesses: list[MinorAccess]
    approvals: list[MinorApproval]
    removed: int
    year: int


NewAgreement = TypedDict(
    'NewAgreement',
    {
        'acts_for': NotRequired[list[Role]],
        'from': When,
        'purposes': list[Purpose],
        'to': When,
    },
)


NewArea = TypedDict(
    'NewArea',
    {
        'code': Identifier,
        'from': When,
        'into': NotRequired[str | None],
        'level': Level,
        'name': str,
        'parent': NotRequired[str | None],
        'scheme': Scheme,
        'to': NotRequired[When | None],
    },
)


class NewAreas(TypedDict):
    """
    Areas to be made or changed.
    """

    areas: list[NewArea]


class NewCase(TypedDict):
    """
    A case (案件) with its place and, perhaps, who reported it.
    """

    kind: CaseKind
    place: str
    reporter: NotRequired[Reporter | None]


class NewConsent(TypedDict):
    """
    A consent event as it comes in.
    """

    basis_kind: NotRequired[ConsentKind | None]
    evidence: NotRequired[str | None]
    expressed_by: NotRequired[SpeakerSaid | None]
    fields: NotRequired[list[StoredField] | None]
    method: Literal[
        'signature',
        'fingerprint_witnessed',
        'sms_code',
        'voice_recorded',
        'self_service',
    ]
    notice: NotRequired[str | None]
    purpose: Purpose
    state: ConsentSaid
    until: NotRequired[When | None]
    witness: NotRequired[str | None]


class NewDemand(TypedDict):
    """
    A demand as it comes in, with its document (调取通知书).
    """

    assignee: NotRequired[str | None]
    document: str
    embargo_until: NotRequired[When | None]
    fields: list[StoredField]
    organ: Organ
    residents: list[str]
    sha256: str


NewLetter = TypedDict(
    'NewLetter',
    {
        'areas': list[Identifier],
        'article': NotRequired[str | None],
        'department': Department,
        'fields': NotRequired[list[Field] | None],
        'from': When,
        'number': str,
        'person': str,
        'purposes': list[Purpose],
        'renews': NotRequired[str | None],
        'statute': NotRequired[str | None],
        'text': NotRequired[str | None],
        'to': When,
        'unit': NotRequired[str | None],
    },
)


NewMandate = TypedDict(
    'NewMandate',
    {
        'fields': NotRequired[list[StoredField]],
        'from': When,
        'kind': MandateKind,
        'number': NotRequired[Identifier | None],
        'person': NotRequired[str | None],
        'proof': Literal[
            'household_register',
            'birth_certificate',
            'court_designation',
            'committee_designation',
            'letter',
        ],
        'purposes': NotRequired[list[Purpose]],
        'relation': Literal[
            '02',
            '10',
            '11',
            '12',
            '20',
            '21',
            '22',
            '23',
            '24',
            '25',
            '26',
            '27',
            '28',
            '29',
            '30',
            '31',
            '32',
            '33',
            '34',
            '35',
            '36',
            '37',
            '38',
            '39',
            '40',
            '41',
            '42',
            '43',
            '44',
            '45',
            '46',
            '47',
            '48',
            '49',
            '50',
            '51',
            '52',
            '53',
            '54',
            '55',
            '56',
            '57',
            '58',
            '59',
            '60',
            '61',
            '62',
            '63',
            '64',
            '65',
            '66',
            '67',
            '68',
            '69',
            '70',
            '71',
            '72',
            '73',
            '74',
            '75',
            '76',
            '77',
            '78',
            '79',
            '80',
            '81',
            '82',
            '83',
            '84',
            '85',
            '86',
            '87',
            '88',
            '89',
            '97',
            '99',
        ],
        'staff': NotRequired[str | None],
        'to': When,
    },
)


class NewNotice(TypedDict):
    """
    A version of a notice as proposed; its number follows the newest of its series.
    """

    fields: list[StoredField]
    items: dict[Literal['zh-CN', 'en'], NoticeItems]
    material_change: NotRequired[bool]
    purposes: list[Purpose]
    series: Series
    valid_from: When


NewPost = TypedDict(
    'NewPost',
    {
        'areas': list[Identifier],
        'department': NotRequired[Department | None],
        'deputy': NotRequired[bool],
        'from': When,
        'instrument': NotRequired[str | None],
        'letter': NotRequired[str | None],
        'role': Role,
        'scheme': Scheme,
        'to': NotRequired[When | None],
    },
)


class NewService(TypedDict):
    """
    A grid service under its agreement.
    """

    agreement: NewAgreement
    kind: Department


NewShift = TypedDict(
    'NewShift',
    {
        'assignment': NotRequired[str | None],
        'covers': NotRequired[str | None],
        'from': When,
        'person': NotRequired[str | None],
        'to': When,
    },
)


class NewTask(TypedDict):
    """
    A task as registered.
    """

    assignees: list[str]
    case: NotRequired[NewCase | None]
    closes: NotRequired[When | None]
    fields: NotRequired[list[Field]]
    kind: TaskKind
    late: NotRequired[bool]
    number: Identifier
    opens: NotRequired[When | None]
    premises: NotRequired[list[str]]
    purpose: Purpose
    residents: NotRequired[list[str]]
    same_as: NotRequired[str | None]
    source: Identifier


class Newcomer(TypedDict):
    """
    A resident not held yet.
    """

    basis: NotRequired[Basis | None]
    fields: dict[StoredField, str]
    notice: NotRequired[str | None]
    premises: str
    purpose: NotRequired[Purpose | None]
    task: NotRequired[str | None]


class NoticeBrief(TypedDict):
    """
    A version in brief.
    """

    hash: str
    id: str
    material_change: bool
    series: Series
    state: NoticeState
    title: str
    valid_from: Moment
    version: int


class NoticeContent(TypedDict):
    """
    What a version says: SHA-256 of its canonical JSON (RFC 8785) is the hash.
    """

    fields: list[StoredField]
    items: dict[str, SaidItems]
    material_change: bool
    purposes: list[Purpose]
    series: Series
    valid_from: Moment
    version: int


class Notices(TypedDict):
    """
    Versions that were approved.
    """

    notices: list[NoticeBrief]


class Offered(TypedDict):
    """
    A field's best outcome, by which rule, and what it needs: for each circumstance the words that will do.
    """

    form: NotRequired[str]
    needs: dict[str, list[str]]
    outcome: Outcome
    rule: str


class Opened(TypedDict):
    """
    What became of a batch.
    """

    tasks: list[OpenedOne]


class Owed(TypedDict):
    """
    What a resident is still owed word of.
    """

    by: Moment
    id: str
    overdue: bool
    since: Moment
    text: str
    why: Why2


OwnConsent = TypedDict(
    'OwnConsent',
    {
        'confirm': NotRequired[bool],
        'fields': NotRequired[list[StoredField] | None],
        'for': NotRequired[str | None],
        'notice': NotRequired[str | None],
        'state': OwnConsentSaid,
        'until': NotRequired[When | None],
    },
)


class OwnPage(TypedDict):
    """
    The resident's own page.
    """

    owed: int
    second_factor: SecondFactor
    sign_ins: list[SignInShape]


Post = TypedDict(
    'Post',
    {
        'areas': list[str],
        'department': Department,
        'deputy': NotRequired[bool],
        'from': Moment,
        'id': str,
        'instrument': NotRequired[str],
        'live': bool,
        'role': Role,
        'scheme': Scheme,
        'to': NotRequired[Moment],
    },
)


PostLine = TypedDict(
    'PostLine',
    {
        'areas': list[str],
        'department': NotRequired[Department | None],
        'deputy': NotRequired[bool],
        'from': When,
        'instrument': NotRequired[str | None],
        'letter': NotRequired[str | None],
        'name': str,
        'number': Identifier,
        'role': Role,
        'row': NotRequired[int | None],
        'scheme': Scheme,
        'to': NotRequired[When | None],
    },
)


class Posts(TypedDict):
    """
    The posts of a member of staff.
    """

    assignments: list[Post]


PremisesCorrection = TypedDict(
    'PremisesCorrection',
    {
        'cells': NotRequired[dict[Scheme, str]],
        'evidence': NotRequired[Identifier | None],
        'fields': NotRequired[dict[StoredField, str | None]],
        'from': NotRequired[When | None],
    },
)


class Problem(TypedDict):
    """
    Every refusal (RFC 9457, `application/problem+json`). What else it has depends on its type.
    """

    errors: NotRequired[list[MemberError]]
    fields: NotRequired[dict[str, FieldAnswer]]
    lookup: NotRequired[EntryName]
    obligations: NotRequired[list[Obligation]]
    reason: NotRequired[Why]
    rule: NotRequired[str]
    status: int
    title: str
    type: ProblemName


class PruningRequest(TypedDict):
    """
    What is to be removed from the trail.
    """

    before: When
    what: PrunedParts


class Ready(TypedDict):
    """
    It can record; and how the witnesses stand to what is recorded.
    """

    ready: bool
    witnesses: Witnessing


class Renewal(TypedDict):
    """
    An agreement in the place of the one before.
    """

    agreement: NewAgreement


class Rosters(TypedDict):
    """
    A page of shifts.
    """

    next: str | None
    rosters: list[Shift]


class Service(TypedDict):
    """
    A service.
    """

    agreement: Agreement
    id: str
    kind: Department
    live: bool
    pending: bool
    pending_agreement: NotRequired[Agreement]


class Services(TypedDict):
    """
    Every service.
    """

    services: list[Service]


class TaskBatch(TypedDict):
    """
    Tasks of another system, up to 500.
    """

    tasks: list[NewTask]


class TaskStep(TypedDict):
    """
    One step of a task: `closed` with its `outcome`, or `confirmed`, perhaps `until` a moment; `confirmed: false` takes that back.
    """

    closed: NotRequired[bool]
    confirmed: NotRequired[bool | None]
    outcome: NotRequired[Identifier | None]
    until: NotRequired[When | None]


class Tasks(TypedDict):
    """
    A page of open tasks.
    """

    next: str | None
    tasks: list[HeldTask]


class Tokens(TypedDict):
    """
    The tokens of a holder.
    """

    tokens: list[HeldToken]


TrailAnswer: TypeAlias = Entries | Counts


TrailQuery = TypedDict(
    'TrailQuery',
    {
        'actor': NotRequired[str | None],
        'after': NotRequired[int | None],
        'count_by': NotRequired[list[CountBy] | None],
        'device': NotRequired[Identifier | None],
        'from': NotRequired[When | None],
        'grid': NotRequired[Identifier | None],
        'kinds': NotRequired[list[Kind]],
        'limit': NotRequired[int | None],
        'live': NotRequired[bool],
        'newest_first': NotRequired[bool],
        'outcome': NotRequired[EntryOutcome | None],
        'purpose': NotRequired[Purpose | None],
        'reason': NotRequired[Reason | None],
        'record': NotRequired[str | None],
        'result': NotRequired[Result | None],
        'role': NotRequired[Role | None],
        'task': NotRequired[str | None],
        'to': NotRequired[When | None],
    },
)


Usage = TypedDict(
    'Usage',
    {
        'assignments': list[Used],
        'from': Moment,
        'to': Moment,
        'whole': bool,
    },
)


class BatchItem(TypedDict):
    """
    One record of several; `problem` where nothing of it is shown.
    """

    fields: NotRequired[dict[str, FieldAnswer]]
    lookup: EntryName
    obligations: NotRequired[list[Obligation]]
    problem: NotRequired[str]
    record: str


class Catalog(TypedDict):
    """
    Every word that a request or an answer may hold.
    """

    bases: list[Word]
    fields: list[CatalogField]
    kinds: list[Kind]
    outcomes: list[Word]
    policy: str
    purposes: list[CatalogPurpose]
    reasons: list[Word]
    task_kinds: list[CatalogTaskKind]
    task_list: list[CatalogItem]


class Consents(TypedDict):
    """
    A resident's consents.
    """

    consents: list[Consent]
    doubted: NotRequired[bool]
    events: NotRequired[list[ConsentEvent]]
    mandates: NotRequired[list[Mandate]]


class Emergencies(TypedDict):
    """
    A page of emergencies.
    """

    emergencies: list[Emergency]
    next: str | None


ImportLine: TypeAlias = AreaLine | RecordLine | PostLine


class Informed(TypedDict):
    """
    What a resident was told, and is still owed.
    """

    given: list[Given]
    informed: InformedBy
    owed: list[Owed]


class NewMember(TypedDict):
    """
    A member of staff with the first posts.
    """

    assignments: list[NewPost]
    name: str
    number: Identifier


class Notice(TypedDict):
    """
    A version.
    """

    approvals: int
    content: NoticeContent
    hash: str
    id: str
    material_change: bool
    series: Series
    state: NoticeState
    title: str
    valid_from: Moment
    version: int


class Offer(TypedDict):
    """
    What a purpose offers at best.
    """

    en: str
    fields: dict[str, Offered]
    task: bool
    zh: str


class Person(TypedDict):
    """
    A member of staff.
    """

    assignments: list[Post]
    id: str
    name: str
    number: str


class ProposedNotices(TypedDict):
    """
    Versions that wait for a second person.
    """

    notices: list[Notice]


class Batch(TypedDict):
    """
    Several lookups' answers, in the order asked.
    """

    lookups: list[BatchItem]


Capacity = TypedDict(
    'Capacity',
    {
        'acts_for': NotRequired[list[Role]],
        'areas': NotRequired[list[str]],
        'assignment': NotRequired[str],
        'department': Department,
        'from': NotRequired[Moment],
        'posture': str,
        'purposes': dict[str, Offer],
        'resident': NotRequired[str],
        'role': Role,
        'scheme': NotRequired[Scheme],
        'service': NotRequired[str],
        'to': NotRequired[Moment],
    },
)


class People(TypedDict):
    """
    A page of staff.
    """

    next: str | None
    people: list[Person]


class Self(TypedDict):
    """
    Every capacity of the caller.
    """

    capacities: list[Capacity]
