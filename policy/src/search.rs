//! Random search over facts: what no decision may ever give, whatever the circumstances.

use crate::Book;
use crate::book::tests::book;
use crate::catalog::{FieldId, FieldSet, belongs};
use crate::decision::Decision;
use crate::facts::{Asked, Facts, Reach, RecordKey};
use crate::words::{
    Action, AgeClass, Basis, Department, Duty, Form, Outcome, Posture, Purpose, RecordState, RecordType,
    Relation, Role, TaskState, Tier,
};

fn one<T: Copy>(rng: &mut fastrand::Rng, all: &[T]) -> T {
    all[rng.usize(..all.len())]
}

/// Facts drawn at will; every second time near a permit's purpose, role and basis, where there is something to find.
fn draw(rng: &mut fastrand::Rng, book: &Book) -> (Facts, Vec<FieldId>) {
    let all: Vec<FieldId> = FieldId::all().collect();
    let record = one(rng, RecordType::ALL);
    let mut facts = Facts {
        role: one(rng, Role::ALL),
        department: one(rng, Department::ALL),
        relation: one(rng, Relation::ALL),
        record,
        purpose: one(rng, Purpose::ALL),
        basis: one(rng, Basis::ALL),
        action: if rng.u8(..4) > 0 { Action::View } else { one(rng, Action::ALL) },
        duty: one(rng, Duty::ALL),
        posture: one(rng, Posture::ALL),
        task: one(rng, TaskState::ALL),
        age: if record == RecordType::Person { one(rng, AgeClass::ALL) } else { AgeClass::Adult },
        state: if rng.u8(..4) > 0 { RecordState::Live } else { one(rng, RecordState::ALL) },
        letter: rng.bool(),
        confirmed: rng.bool(),
        self_made: rng.u8(..4) == 0,
        named: FieldSet::default(),
        reach: Reach::All,
        why_task: None,
        why_basis: None,
    };
    if rng.bool() {
        let rule = &book.rules()[rng.usize(..book.rules().len())];
        let mut near = |dimension: usize| one(rng, &rule.sets[dimension]);
        facts.role = Role::ALL[near(crate::facts::ROLE)];
        facts.department = Department::ALL[near(crate::facts::DEPARTMENT)];
        facts.relation = Relation::ALL[near(crate::facts::RELATION)];
        facts.purpose = Purpose::ALL[near(crate::facts::PURPOSE)];
        facts.basis = Basis::ALL[near(crate::facts::BASIS)];
        facts.task = TaskState::ALL[near(crate::facts::TASK)];
    }
    let mut fields = Vec::new();
    for _ in 0..rng.usize(1..12) {
        let field = one(rng, &all);
        if belongs(record, field) && !fields.contains(&field) {
            fields.push(field);
            if rng.bool() {
                facts.named.insert(field);
            }
        }
    }
    (facts, fields)
}

/// Roles and purposes that see T3 or T4 in clear, with the bases that they rest on: the need matrix, said once more.
fn named(facts: &Facts) -> bool {
    use Basis as B;
    use Purpose as P;
    use Role as R;
    let officer = |departments: &[Department]| {
        facts.role == R::DispatchedOfficer && departments.contains(&facts.department)
    };
    let chief = |department| facts.role == R::GridChief && facts.department == department;
    let own = facts.task == TaskState::OpenMine;
    match (facts.purpose, facts.basis) {
        (P::HomeVisitCare, B::Consent) => {
            let staff = facts.role == R::GridChief || officer(&[Department::CivilAffairs]);
            let letter = facts.role == R::GridAssistant
                && facts.department == Department::CivilAffairs
                && facts.letter;
            own && (staff || letter)
        }
        (P::SocialAssistance, B::StatutoryDuty) => {
            own && officer(&[Department::CivilAffairs, Department::Disability])
        }
        (P::SocialAssistance | P::LabourInspectionAssist, B::Delegation) => {
            own && facts.role == R::GridAssistant && facts.letter
        }
        (P::MinorProtection, B::StatutoryDuty) => {
            let post = chief(Department::Minors) || officer(&[Department::Police, Department::CivilAffairs]);
            own && post && facts.confirmed
        }
        (P::FloatingPopulationRegistration, B::StatutoryDuty) => own && officer(&[Department::Police]),
        (P::RentalSafetyCheck, B::StatutoryDuty) => {
            own && officer(&[Department::Police, Department::Housing])
        }
        (P::CommunityCorrectionsSupport, B::StatutoryDuty) => {
            own && (officer(&[Department::Justice]) || chief(Department::Justice))
        }
        (P::DomesticViolenceFollowup, B::StatutoryDuty) => {
            own && (officer(&[Department::Police]) || chief(Department::Police))
        }
        (P::HealthFollowup, B::StatutoryDuty) => own && officer(&[Department::Health]),
        (P::DisputeMediation, B::StatutoryDuty) => {
            own && (facts.role == R::GridChief || officer(&[Department::Justice]))
        }
        (P::WindowService, B::SelfBasis) => own && facts.role == R::WindowClerk && facts.confirmed,
        (P::EmergencyRescue, B::Emergency) => matches!(facts.role, R::GridChief | R::DispatchedOfficer),
        (P::ServiceMatching, B::Consent) => {
            own && facts.role == R::Service && facts.department == Department::ServiceCircle
        }
        (P::DataQuality, B::StatutoryDuty) => own && facts.role == R::DispatchedOfficer,
        (P::ResidentAccess, B::SelfBasis) => {
            let factor = facts.role != R::Resident || facts.confirmed;
            factor
                && matches!(facts.role, R::Resident | R::Guardian | R::Proxy)
                && facts.relation == Relation::SelfRelation
        }
        (P::ResidentAccess | P::ComplianceAudit, B::StatutoryDuty) | (P::LegalRequest, B::LegalRequest) => {
            own && facts.role == R::PrivacyOfficer && facts.confirmed
        }
        _ => false,
    }
}

/// Identity numbers of the office's region that fit what one answer gives, or nothing where it gives the number itself.
/// `birth` is the first and last possible day as days counted; the last four hold three digits and the check character.
fn candidates(decision: &Decision, age: AgeClass) -> Option<u32> {
    let (mut days, mut last_four, mut sex) = (365 * 110, false, false);
    for decided in decision.fields() {
        let shown = !matches!(decided.outcome(), Outcome::Denied | Outcome::Absent);
        if !shown || decided.form() == Some(Form::Presence) {
            continue;
        }
        let narrow = if age == AgeClass::Adult { 365 * 10 } else { 365 * 4 };
        match (decided.field().as_str(), decided.outcome(), decided.form()) {
            ("person.id_no", Outcome::Clear, _) => return None,
            ("person.id_no", _, Some(Form::Id4)) => last_four = true,
            ("person.birth_date", Outcome::Clear, _) => days = 1,
            ("person.birth_date" | "derived.age_band", ..) => days = days.min(narrow),
            ("derived.age_over_60" | "derived.age_over_80", ..) => days = days.min(365 * 20),
            ("derived.is_minor", ..) => days = days.min(365 * 18),
            ("person.sex", Outcome::Clear, _) => sex = true,
            _ => {}
        }
    }
    // One check character of eleven fits; a known sequence leaves one of 1,000, a known sex every second.
    Some(match (last_four, sex) {
        (true, _) => days / 11,
        (false, true) => days.saturating_mul(500),
        (false, false) => days.saturating_mul(1000),
    })
}

#[test]
fn no_facts_give_sensitive_fields_that_the_need_matrix_does_not_name_or_leave_too_few_identity_numbers() {
    let book = book();
    let mut rng = fastrand::Rng::with_seed(5);
    let rounds = if std::env::var_os("GRIDVAULT_LONG").is_some() { 10_000_000 } else { 300_000 };
    let (mut sensitive, mut masked) = (0, 0);
    for _ in 0..rounds {
        let (facts, fields) = draw(&mut rng, &book);
        let asked: Vec<Asked> =
            fields.iter().map(|field| Asked { record: RecordKey([0; 16]), field: *field }).collect();
        let decision = book.decide(facts.clone(), &asked);
        for decided in decision.fields().iter().filter(|d| d.outcome() == Outcome::Clear) {
            let tier = facts.effective_tier(decided.field());
            if tier >= Tier::T3 && facts.action != Action::Write {
                assert!(named(&facts), "{} {tier}: {facts:?}", decided.field().as_str());
                sensitive += 1;
            }
        }
        if let Some(left) = candidates(&decision, facts.age) {
            masked += usize::from(decision.fields().iter().any(|d| d.form() == Some(Form::Id4)));
            assert!(left >= 100, "{left} numbers are left: {facts:?} {:?}", decision.fields());
        }
    }
    assert!(sensitive > 500 && masked > 20, "{sensitive} {masked}");
}
