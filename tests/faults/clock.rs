//! A wall clock set an hour back, an hour ahead, a year ahead: log time never goes back, and expiry follows log time.

use gridvault::trail::Verdict;
use gridvault_tests::{HOUR, On, TestVault, on_both};

on_both!(log_time_never_goes_back_and_what_expired_stays_so);
async fn log_time_never_goes_back_and_what_expired_stays_so(on: On) {
    let t = TestVault::street(on).await;
    let look = async || t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    let at = async || {
        let newest = gridvault::store::EntryFilter { newest_first: true, limit: 1, ..Default::default() };
        t.vault.store.entries(&newest).await.unwrap()[0].at
    };
    assert_eq!(look().await.status, 200);
    let morning = at().await;
    t.clock.step(HOUR);
    assert_eq!(look().await.status, 200);
    assert_eq!(at().await, morning + HOUR);
    t.clock.step(-2 * HOUR);
    assert_eq!(look().await.status, 200);
    assert_eq!(at().await, morning + HOUR, "the clock went back, log time did not");
    t.clock.step(24 * 365 * HOUR);
    assert_eq!(look().await.status, 401, "tokens end within the year");
    // Nobody was refused by an entry: the year is not in the log yet, and the clock set right is right again.
    t.clock.step(HOUR - 24 * 365 * HOUR);
    assert_eq!(look().await.status, 200);
    assert_eq!(at().await, morning + HOUR);
    assert_eq!(t.verified().await.verdict, Verdict::Proven);
    t.vault.close().await;
    assert_eq!(t.verified().await.verdict, Verdict::Proven);
}
