//! The customers' listener: connection limits and time-outs, so that slow, idle and never-reading clients
//! cost little.

use super::admission::is_trusted;
use super::door::{Door, Placed, REFUSED_AT_ONCE_MAX};
use super::{Gateway, GatewayOptions, configure, proxy_protocol};
use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Protocol};
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Server, ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::rt::net::TcpStream;
use actix_web::{App, web};
use socket2::SockRef;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long the closing of a connection may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// Serves the gateway on a listener, until the returned server's handle stops it. Signals are left to the
/// caller.
///
/// # Errors
/// What the operating system says of the listener.
pub fn serve(listener: TcpListener, gateway: &Arc<Gateway>) -> std::io::Result<Server> {
    actix_web::rt::spawn(Arc::clone(gateway).keep_up());
    let (shared, options) = (Arc::clone(gateway), &gateway.options);
    let workers = options.workers.max(1);
    let door = Door::new(options.connections_max, gateway.metrics.clone());
    let server = Server::build()
        .workers(workers)
        .max_concurrent_connections((options.connections_max + REFUSED_AT_ONCE_MAX).div_ceil(workers))
        .disable_signals();
    let connections = move || {
        let app = App::new().wrap(from_fn(part)).configure(|config| configure(config, &shared));
        let http = HttpService::build()
            .keep_alive(KeepAlive::Timeout(shared.options.keep_alive))
            .client_request_timeout(shared.options.head_timeout)
            .client_disconnect_timeout(CLOSE_LIMIT)
            .on_connect_ext(|connection: &Placed<TcpStream>, data| {
                data.insert(connection.hung_up());
            })
            .finish(map_config(app.into_factory(), |()| AppConfig::default()));
        let (gateway, door) = (Arc::clone(&shared), Arc::clone(&door));
        let arriving = fn_service(move |stream: TcpStream| {
            let (gateway, door) = (Arc::clone(&gateway), Arc::clone(&door));
            async move { enter(stream, &gateway, &door).await.map_err(DispatchError::Io) }
        });
        arriving.and_then(http)
    };
    Ok(server.listen("customers", listener, connections)?.run())
}

/// A new connection, when there is a place for it.
async fn enter(
    stream: TcpStream,
    gateway: &Gateway,
    door: &Arc<Door>,
) -> std::io::Result<(Placed<TcpStream>, Protocol, Option<SocketAddr>)> {
    let Some(place) = door.place() else { return Err(door.refuse(stream).await) };
    let (stream, protocol, from) = arrive(stream, &gateway.options).await?;
    Ok((Placed::new(stream, place, &gateway.closing), protocol, from))
}

/// Once the node drains, each answer is the last over its connection: whoever asks again does so elsewhere.
async fn part(
    gateway: web::Data<Gateway>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let mut response = next.call(request).await?;
    if *gateway.moved.borrow() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

/// A new connection, with the address of whoever it is from.
async fn arrive(
    mut stream: TcpStream,
    options: &GatewayOptions,
) -> std::io::Result<(TcpStream, Protocol, Option<SocketAddr>)> {
    settle(&stream, options.unread_timeout);
    let peer = stream.peer_addr().ok();
    let trusted = &options.admission.trusted_proxies;
    let is_proxy = peer.is_some_and(|peer| is_trusted(trusted, peer.ip()));
    if !options.proxy_protocol || !is_proxy {
        return Ok((stream, Protocol::Http1, peer));
    }
    let header = timeout(options.head_timeout, proxy_protocol::read(&mut stream)).await;
    let header = header.unwrap_or_else(|late| Err(late.into())).inspect_err(|error| {
        tracing::debug!(%error, "a proxy's connection");
    })?;
    Ok((stream, Protocol::Http1, header.or(peer)))
}

/// Replies are small and waited for: no Nagle delay. A peer that takes nothing for `unread` is dropped by the
/// kernel; until then the HTTP layer stops reading its requests once its write buffer is full.
fn settle(stream: &TcpStream, unread: Duration) {
    if let Err(error) =
        stream.set_nodelay(true).and_then(|()| SockRef::from(stream).set_tcp_user_timeout(Some(unread)))
    {
        tracing::debug!(%error, "socket options");
    }
}
