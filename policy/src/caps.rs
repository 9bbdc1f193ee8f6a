//! The need matrix by role, written down apart from the rules: what they are held against.

use crate::words::{Department, Purpose, Role, Tier};

/// The highest tier that a role may see in clear for a purpose (the need matrix by role): what the rules are held against,
/// written down apart from them. Left out: T1 at most. `[]`: whatever the department.
pub(crate) const CAPS: &[(Role, &[Department], Purpose, Tier)] = {
    use Department as D;
    use Purpose as P;
    use Role as R;
    use Tier::{T2, T3, T4};
    &[
        (R::GridChief, &[], P::CaseHandling, T2),
        (R::GridChief, &[], P::HomeVisitCare, T3),
        (R::GridChief, &[D::Minors], P::MinorProtection, T4),
        (R::GridChief, &[D::Justice], P::CommunityCorrectionsSupport, T4),
        (R::GridChief, &[D::Police], P::DomesticViolenceFollowup, T4),
        (R::GridChief, &[], P::DisputeMediation, T3),
        // The address alone is T2.
        (R::GridChief, &[], P::FireSafetyCheck, T2),
        (R::GridChief, &[], P::EmergencyRescue, T4),
        (R::GridChief, &[], P::DataQuality, T2),
        (R::GridAssistant, &[], P::CaseHandling, T2),
        (R::GridAssistant, &[D::CivilAffairs], P::HomeVisitCare, T3),
        (R::GridAssistant, &[D::CivilAffairs, D::Disability], P::SocialAssistance, T3),
        (R::GridAssistant, &[D::FloatingPopulation], P::FloatingPopulationRegistration, T2),
        (R::GridAssistant, &[D::Fire], P::FireSafetyCheck, T2),
        (R::GridAssistant, &[D::Labour], P::LabourInspectionAssist, T3),
        (R::GridAssistant, &[], P::EmergencyRescue, T2),
        (R::DispatchedOfficer, &[], P::CaseHandling, T2),
        (R::DispatchedOfficer, &[D::CivilAffairs], P::HomeVisitCare, T3),
        (R::DispatchedOfficer, &[D::CivilAffairs, D::Disability], P::SocialAssistance, T4),
        (R::DispatchedOfficer, &[D::Police, D::CivilAffairs], P::MinorProtection, T4),
        (R::DispatchedOfficer, &[D::Police], P::FloatingPopulationRegistration, T3),
        (R::DispatchedOfficer, &[D::Police, D::Housing], P::RentalSafetyCheck, T3),
        (R::DispatchedOfficer, &[D::Justice], P::CommunityCorrectionsSupport, T4),
        (R::DispatchedOfficer, &[D::Police], P::DomesticViolenceFollowup, T4),
        (R::DispatchedOfficer, &[D::Health], P::HealthFollowup, T4),
        (R::DispatchedOfficer, &[D::Justice], P::DisputeMediation, T3),
        (R::DispatchedOfficer, &[D::Police, D::Fire, D::Housing], P::FireSafetyCheck, T2),
        (R::DispatchedOfficer, &[], P::EmergencyRescue, T3),
        (R::DispatchedOfficer, &[], P::DataQuality, T3),
        (R::WindowClerk, &[], P::WindowService, T4),
        // Name and address on a letter, the phone for a message.
        (R::WindowClerk, &[], P::ResidentAccess, T2),
        (R::PrivacyOfficer, &[], P::ResidentAccess, T4),
        (R::PrivacyOfficer, &[], P::ComplianceAudit, T3),
        (R::PrivacyOfficer, &[], P::LegalRequest, T4),
        (R::Resident, &[], P::ResidentAccess, T3),
        (R::Guardian, &[], P::ResidentAccess, T4),
        (R::Proxy, &[], P::ResidentAccess, T4),
        (R::Service, &[D::Hotline12345], P::CaseHandling, T2),
        (R::Service, &[D::ServiceCircle], P::ServiceMatching, T3),
        (R::Service, &[D::TerminalBackend], P::CaseHandling, T2),
        (R::Service, &[D::TerminalBackend], P::HomeVisitCare, T2),
        (R::Service, &[D::TerminalBackend], P::FireSafetyCheck, T2),
        (R::Service, &[D::TerminalBackend], P::RentalSafetyCheck, T2),
        (R::Service, &[D::TerminalBackend], P::FloatingPopulationRegistration, T2),
        (R::Service, &[D::TerminalBackend], P::EmergencyNotice, T2),
        (R::Service, &[D::TerminalBackend], P::EmergencyRescue, T2),
        (R::Service, &[D::TerminalBackend], P::DataQuality, T2),
    ]
};
