//! Making a demonstration: the street imported by the same door as a real one, then services, tasks and consents.

use gridvault_policy::{Department, FieldId, Posture, Purpose, Role};
use serde_json::Value;
use uuid::Uuid;

use super::file::{DemoCaller, DemoFile, DemoPremises, DemoResident, DemoTask};
use super::street::{Street, street};
use crate::Vault;
use crate::authority::{Agreement, Assignment, Channel, ConsentState, Header, Holder, TaskKind};
use crate::clock::{civil_date, days, rfc3339};
use crate::identity::{Caller, Capacity, identify};
use crate::import::{ImportKind, run};
use crate::register::{
    Informing, NewCase, NewConsent, NewTask, RegisterError, Reporter, add_service, appoint, close_task,
    confirm_proposal, inform, invented_factor, issue_code, issue_token, open_task, owed_to, record_consent,
};
use crate::seal::Secret;
use crate::store::Table;

/// Credentials of a demonstration are good so long, and end with its run in all practice.
const RUN: i64 = days(30);

/// Why the street was not made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A change failed.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// What was made is not as it should be.
    #[error("the demonstration did not come out as meant: {0}")]
    Odd(&'static str),
}

impl From<crate::store::StoreError> for DemoError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Register(error.into())
    }
}

/// Makes the street in an empty vault and says what there is; tokens and codes are issued by [`refresh`].
pub async fn make(vault: &Vault, residents: u32, seed: u64) -> Result<DemoFile, DemoError> {
    let street = street(residents, seed, civil_date(vault.now()));
    let steward = appoint(vault, Role::DataSteward, "D014").await?;
    let officer = appoint(vault, Role::PrivacyOfficer, "D015").await?;
    let token = issue_token(vault, Holder::Person(steward.person), Posture::Office, RUN).await?;
    let second = issue_token(vault, Holder::Person(officer.person), Posture::Office, RUN).await?;
    let told = (caller(vault, &token).await?, caller(vault, &second).await?);
    let notice = super::notice::general(vault, &told.0, &told.1).await?;
    for (kind, lines) in [
        (ImportKind::Areas, &street.areas),
        (ImportKind::Premises, &street.premises),
        (ImportKind::People, &street.people),
        (ImportKind::Residents, &street.residents),
    ] {
        let caller = caller(vault, &token).await?;
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let under = (kind == ImportKind::Residents).then_some(notice);
        let outcome = run(vault, &caller, kind, &lines, (under, false, "")).await?;
        if !outcome.refused.is_empty() {
            return Err(DemoError::Odd("a line of the street was refused"));
        }
        if let Some(proposal) = outcome.proposal {
            let officer = self::caller(vault, &second).await?;
            confirm_proposal(vault, &officer, proposal, "").await?;
        }
    }
    let mut file = DemoFile {
        url: String::new(),
        tenant: vault.keys.tenant().to_owned(),
        log_key: vault.log_key.to_string(),
        callers: callers(vault).await?,
        residents: listed(vault, &street, residents).await?,
        premises: premises(vault, &street).await?,
        tasks: Vec::new(),
    };
    let services = services(vault, &mut file).await?;
    tasks(vault, &mut file, &token, &services).await?;
    consents(vault, &file, &token).await?;
    Ok(file)
}

/// Fresh tokens and codes for everybody in the file.
pub async fn refresh(vault: &Vault, file: &mut DemoFile) -> Result<(), DemoError> {
    for caller in &mut file.callers {
        let service = caller.role == Role::Service.as_str();
        let (holder, posture) = match service {
            true => (Holder::Service(caller.holder), Posture::Service),
            false => (Holder::Person(caller.holder), Posture::Office),
        };
        caller.token = issue_token(vault, holder, posture, RUN).await?.reveal().to_owned();
    }
    for resident in &mut file.residents {
        resident.code =
            issue_code(vault, Holder::Resident(resident.id), RUN, false).await?.reveal().to_owned();
    }
    Ok(())
}

async fn caller(vault: &Vault, token: &Secret) -> Result<Caller, DemoError> {
    let caller = identify(vault, token, Capacity::default()).await;
    caller.map_err(|_| DemoError::Odd("a token just issued does not sign in"))
}

async fn callers(vault: &Vault) -> Result<Vec<DemoCaller>, DemoError> {
    let mut posts: Vec<(i64, Uuid, Assignment)> = Vec::new();
    for row in vault.store.all(Table::Assignments).await? {
        if let (Ok(id), Some(post)) = (Uuid::from_slice(&row.id), vault.keys.check::<Assignment>(&row)) {
            posts.push((row.seq, id, post));
        }
    }
    posts.sort_by_key(|(seq, _, _)| *seq);
    let areas = vault.areas();
    let label = |post: &Assignment| {
        let first = post.areas.first().and_then(|code| areas.find(post.scheme, code));
        let area = first.map_or("", |area| area.name.as_str());
        let department = if post.department == Department::None { "" } else { post.department.zh() };
        format!("{area}{department}{}", post.role.zh())
    };
    let callers = posts.iter().map(|(_, id, post)| DemoCaller {
        name: label(post),
        role: post.role.as_str().into(),
        department: post.department.as_str().into(),
        assignment: Some(*id),
        area: post.areas.first().cloned(),
        token: String::new(),
        holder: post.person,
    });
    // The steward was appointed first; the first caller is to be the first chief.
    let (chiefs, others): (Vec<_>, Vec<_>) = callers.partition(|c| c.role == Role::GridChief.as_str());
    Ok(chiefs.into_iter().chain(others).collect())
}

/// Twelve residents of the first grid, and twelve of others, a neighbour's first.
async fn listed(vault: &Vault, street: &Street, residents: u32) -> Result<Vec<DemoResident>, DemoError> {
    let step = usize::try_from(residents / 40).unwrap_or(1).max(1);
    let lines =
        street.residents.iter().take(12).chain(street.residents.iter().skip(46).step_by(step).take(24));
    let id_no = FieldId::parse("person.id_no").map_err(|_| DemoError::Odd("no ID number field"))?;
    let mut out = Vec::new();
    for line in lines {
        let line: Value = serde_json::from_str(line).map_err(|_| DemoError::Odd("a line"))?;
        let number = line.pointer("/fields/person.id_no").and_then(Value::as_str).unwrap_or_default();
        let id = find(vault, id_no, number).await?;
        let home = line.get("premises").and_then(Value::as_str).unwrap_or_default();
        let area = home.split('-').next().unwrap_or_default().to_owned();
        out.push(DemoResident { id, area, code: String::new() });
    }
    Ok(out)
}

async fn premises(vault: &Vault, street: &Street) -> Result<Vec<DemoPremises>, DemoError> {
    let code = FieldId::parse("premises.code").map_err(|_| DemoError::Odd("no premises code field"))?;
    let mut out = Vec::new();
    let step = (street.premises.len() / 12).max(1);
    for line in street.premises.iter().take(4).chain(street.premises.iter().skip(4).step_by(step)) {
        let line: Value = serde_json::from_str(line).map_err(|_| DemoError::Odd("a line"))?;
        let text = line.pointer("/fields/premises.code").and_then(Value::as_str).unwrap_or_default();
        let area = line.pointer("/cells/social_grid").and_then(Value::as_str).unwrap_or_default();
        out.push(DemoPremises { id: find(vault, code, text).await?, area: area.to_owned() });
    }
    Ok(out)
}

async fn find(vault: &Vault, field: FieldId, value: &str) -> Result<Uuid, DemoError> {
    let term = vault.keys.index_term(field, value).ok_or(DemoError::Odd("no index"))?;
    let found = vault.store.by_terms(field.number(), &[term]).await?;
    found
        .values()
        .next()
        .and_then(|id| Uuid::from_slice(id).ok())
        .ok_or(DemoError::Odd("a line was not taken in"))
}

/// The services with their agreements; gives a token of the hotline.
async fn services(vault: &Vault, file: &mut DemoFile) -> Result<Secret, DemoError> {
    use Purpose::{
        CaseHandling, EmergencyNotice, FireSafetyCheck, FloatingPopulationRegistration, HomeVisitCare,
        ServiceMatching, Statistics,
    };
    let field =
        [CaseHandling, HomeVisitCare, FireSafetyCheck, FloatingPopulationRegistration, EmergencyNotice];
    let handheld = [Role::GridChief, Role::GridAssistant, Role::DispatchedOfficer];
    let mut hotline = Err(DemoError::Odd("no hotline"));
    for (kind, purposes, acts_for) in [
        (Department::Hotline12345, vec![CaseHandling], vec![]),
        (Department::ServiceCircle, vec![ServiceMatching], vec![]),
        (Department::GovernancePlatform, vec![Statistics], vec![]),
        (Department::TerminalBackend, field.to_vec(), handheld.to_vec()),
    ] {
        let now = vault.now();
        let agreement = Agreement { purposes, acts_for, from: now, to: now + days(365), ended: false };
        let (id, token) = add_service(vault, kind, agreement).await?;
        if kind == Department::Hotline12345 {
            hotline = Ok(token);
        }
        file.callers.push(DemoCaller {
            name: kind.as_str().into(),
            role: Role::Service.as_str().into(),
            department: kind.as_str().into(),
            assignment: None,
            area: None,
            token: String::new(),
            holder: id,
        });
    }
    hotline
}

/// The first open task is a home visit of the first chief's.
async fn tasks(
    vault: &Vault,
    file: &mut DemoFile,
    steward: &Secret,
    hotline: &Secret,
) -> Result<(), DemoError> {
    use Purpose::{
        CaseHandling, EmergencyNotice, FireSafetyCheck, FloatingPopulationRegistration, HomeVisitCare,
    };
    let post = |role: Role, department: Department| {
        let found = file.caller(role.as_str(), department.as_str()).and_then(|c| c.assignment);
        found.ok_or(DemoError::Odd("a post is missing"))
    };
    let chief = post(Role::GridChief, Department::None)?;
    let officer = |department| post(Role::DispatchedOfficer, department);
    let plan = [
        (HomeVisitCare, TaskKind::Visit, Some(0), chief, true),
        (CaseHandling, TaskKind::Case, Some(1), chief, true),
        (HomeVisitCare, TaskKind::Visit, Some(2), chief, false),
        (FireSafetyCheck, TaskKind::Inspection, None, chief, true),
        (EmergencyNotice, TaskKind::Emergency, Some(3), chief, true),
        (HomeVisitCare, TaskKind::Visit, Some(4), chief, true),
        (HomeVisitCare, TaskKind::Visit, Some(5), officer(Department::CivilAffairs)?, true),
        (FloatingPopulationRegistration, TaskKind::Registration, Some(6), officer(Department::Police)?, true),
        (
            FloatingPopulationRegistration,
            TaskKind::Registration,
            Some(6),
            post(Role::GridAssistant, Department::FloatingPopulation)?,
            true,
        ),
        (HomeVisitCare, TaskKind::Visit, Some(7), post(Role::GridAssistant, Department::CivilAffairs)?, true),
        (CaseHandling, TaskKind::Case, None, officer(Department::UrbanManagement)?, true),
    ];
    for (number, (purpose, kind, resident, assignment, open)) in plan.into_iter().enumerate() {
        let resident = resident.and_then(|i: usize| file.residents.get(i)).map(|r| r.id);
        let place = match resident {
            Some(id) => home(vault, id).await?,
            None => file.premises.get(1).map(|p| p.id).ok_or(DemoError::Odd("no premises"))?,
        };
        let case = kind == TaskKind::Case;
        let by = caller(vault, if case { hotline } else { steward }).await?;
        let new = NewTask {
            source: if case { "12345" } else { "plan" }.into(),
            number: format!("DEMO-{:04}", number + 1),
            kind,
            purpose,
            residents: resident.into_iter().collect(),
            premises: if purpose == FireSafetyCheck { vec![place] } else { Vec::new() },
            assignees: vec![assignment],
            fields: Vec::new(),
            opens: Some(rfc3339(vault.now())),
            closes: Some(rfc3339(vault.now() + days(14))),
            late: false,
            same_as: None,
            case: case.then(|| NewCase {
                kind: "environment_property".into(),
                place,
                reporter: Some(Reporter { name: "示例反映人".into(), phone: "12099990001".into() }),
            }),
        };
        let opened = open_task(vault, &by, new, "").await?;
        if !open {
            close_task(vault, &by, opened.id, "done", "").await?;
        }
        file.tasks.push(DemoTask {
            id: opened.id,
            purpose: purpose.as_str().into(),
            resident,
            premises: Some(place),
            ticket: opened.ticket,
            assignment,
            open,
        });
    }
    Ok(())
}

async fn home(vault: &Vault, resident: Uuid) -> Result<Uuid, DemoError> {
    let row = vault.store.row(Table::Records, resident.as_bytes()).await?;
    let header: Option<Header> = row.and_then(|row| vault.keys.check(&row));
    header.and_then(|h| h.place).ok_or(DemoError::Odd("a resident without a home"))
}

/// Given by the residents themselves, who have a second factor, once by staff, once withdrawn again.
async fn consents(vault: &Vault, file: &DemoFile, steward: &Secret) -> Result<(), DemoError> {
    let new = |state, method: &str| NewConsent::new(Purpose::HomeVisitCare, state, method);
    for (i, resident) in file.residents.iter().take(8).enumerate() {
        invented_factor(vault, resident.id).await?;
        if i == 4 {
            let by = caller(vault, steward).await?;
            record_consent(vault, &by, resident.id, new(ConsentState::Given, "signature"), "").await?;
            let owed = owed_to(vault, resident.id, by.now()).await?;
            let dues = owed.into_iter().map(|(due, _)| due).collect();
            inform(vault, &by, resident.id, &Informing::of(Channel::PaperSigned, dues), "").await?;
            continue;
        }
        let token = issue_token(vault, Holder::Resident(resident.id), Posture::Unmanaged, RUN).await?;
        let by = caller(vault, &token).await?;
        record_consent(vault, &by, resident.id, new(ConsentState::Given, "self_service"), "").await?;
        if i == 3 {
            record_consent(vault, &by, resident.id, new(ConsentState::Withdrawn, "self_service"), "").await?;
        }
    }
    Ok(())
}
