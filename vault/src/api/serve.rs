//! The server's life: answers until it is told to stop, and what is done beside answering.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use super::{App, router};
use crate::Vault;
use crate::register::{raise_broken_rows, raise_clock};

const CLOSE_WITHIN: Duration = Duration::from_secs(20);

/// Serves until `stop`, then lets answers under way finish and closes the vault.
pub async fn serve(
    vault: Arc<Vault>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let app = App::new(Arc::clone(&vault));
    let upkeep = tokio::spawn(upkeep(app.clone()));
    let (told, stopping) = tokio::sync::oneshot::channel();
    let service = router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
        stop.await;
        if told.send(()).is_err() {
            tracing::debug!("the server had ended already");
        }
    });
    let mut serving = std::pin::pin!(std::future::IntoFuture::into_future(serving));
    let served = tokio::select! {
        served = &mut serving => served,
        _ = stopping => match tokio::time::timeout(CLOSE_WITHIN, serving).await {
            Ok(served) => served,
            Err(_) => {
                let _: () = tracing::warn!("answers under way were cut off");
                Ok(())
            },
        },
    };
    upkeep.abort();
    app.throttle.enter(&vault).await;
    vault.close().await;
    served
}

/// Once a second findings, once a minute refused credentials.
async fn upkeep(app: App) {
    let mut clock_told = false;
    for second in 1u64.. {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if !clock_told && app.vault.clock.was_ahead() {
            clock_told = raise_clock(&app.vault).await.is_ok();
        }
        if let Err(error) = raise_broken_rows(&app.vault).await {
            tracing::warn!(%error, "findings could not be entered");
        }
        if let Err(error) = app.vault.turn_page().await {
            tracing::error!(%error, "the rules of the new day do not hold together: those of before stay in force");
        }
        if second % 60 == 0 {
            app.throttle.enter(&app.vault).await;
        }
    }
}
