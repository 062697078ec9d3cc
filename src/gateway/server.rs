//! The customers' listener: connection limits and time-outs, so that slow, idle and never-reading clients
//! cost little.

use super::{Gateway, configure};
use actix_web::dev::Server;
use actix_web::{App, HttpServer, rt::net::TcpStream};
use socket2::SockRef;
use std::any::Any;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// Serves the gateway on a listener, until the returned server's handle stops it. Signals are left to the
/// caller.
///
/// # Errors
/// What the operating system says of the listener.
pub fn serve(listener: TcpListener, gateway: &Arc<Gateway>) -> std::io::Result<Server> {
    let options = gateway.options.clone();
    actix_web::rt::spawn(Arc::clone(gateway).lead_away());
    let shared = Arc::clone(gateway);
    let unread = options.unread_timeout;
    let workers = options.workers.max(1);
    Ok(HttpServer::new(move || App::new().configure(|config| configure(config, &shared)))
        .workers(workers)
        .max_connections(options.connections_max.div_ceil(workers))
        .client_request_timeout(options.head_timeout)
        .client_disconnect_timeout(Duration::from_secs(1))
        .keep_alive(options.keep_alive)
        .on_connect(move |connection, _| settle(connection, unread))
        .disable_signals()
        .listen(listener)?
        .run())
}

/// Replies are small and waited for: no Nagle delay. A peer that takes nothing for `unread` is dropped by the
/// kernel; until then the HTTP layer stops reading its requests once its write buffer is full.
fn settle(connection: &dyn Any, unread: Duration) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
    if let Err(error) =
        stream.set_nodelay(true).and_then(|()| SockRef::from(stream).set_tcp_user_timeout(Some(unread)))
    {
        tracing::debug!(%error, "socket options");
    }
}
