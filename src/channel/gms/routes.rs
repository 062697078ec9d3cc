//! The API's resources, and how a call is served: its service and operation, its method, its form.

use super::fault::Fault;
use super::operation::Operation;
use super::passage::{answer, read_form, with_a_last_slash};
use super::reply::Reply;
use super::{Gms, files, perform};
use crate::gateway::Gateway;
use crate::gateway::form::Form;
use crate::gateway::metrics::OperationLabel;
use crate::gateway::prefer;
use crate::gateway::starting::Origin;
use actix_web::dev::HttpServiceFactory;
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};

const START: &str = "/2/chat/{service}";
const CALL: &str = "/2/chat/{service}/{chatId}/{operation}";

/// Everything under `/genesys`.
pub(crate) fn scope() -> impl HttpServiceFactory {
    let resource = |path| web::resource(with_a_last_slash(path)).default_service(web::to(handle));
    web::scope("/genesys")
        .configure(files::resources)
        .service(resource(START))
        .service(resource(CALL))
        .default_service(web::to(handle))
}

/// The path of every operation, below `/genesys`.
#[cfg(test)]
pub(crate) fn paths() -> impl Iterator<Item = String> {
    let calls = super::operation::OPERATIONS.into_iter().map(|(name, _)| CALL.replace("{operation}", name));
    [START.to_owned()].into_iter().chain(calls).chain(files::paths())
}

async fn handle(
    request: HttpRequest,
    body: web::Payload,
    gateway: web::Data<Gateway>,
    gms: web::Data<Gms>,
) -> HttpResponse {
    let path = request.match_info();
    let label = match (path.get("operation"), path.get("service")) {
        (Some(name), _) => Operation::named(name).map_or(OperationLabel::other, Operation::label),
        (None, Some(_)) => OperationLabel::start,
        (None, None) => OperationLabel::other,
    };
    answer(&request, &gateway, label, async |form| {
        serve(&request, body, (&gateway, &gms), form).await.map(|reply| reply.respond(None))
    })
    .await
}

async fn serve(
    request: &HttpRequest,
    body: web::Payload,
    (gateway, gms): (&Gateway, &Gms),
    form: &mut Form,
) -> Result<Reply, Fault> {
    let path = request.match_info();
    let name = path.get("service").ok_or(Fault::Operation)?;
    let (service, chat) = (gateway.options.services.get(name), path.get("chatId"));
    if service.is_none() && chat.is_none() {
        return Err(Fault::Service);
    }
    let operation = match path.get("operation") {
        Some(name) => Some(Operation::named(name).ok_or(Fault::Operation)?),
        None => None,
    };
    if request.method() != Method::POST {
        return Err(Fault::Method);
    }
    let from = gateway.admission.address(request);
    gateway.admission.request(from)?;
    *form = read_form(request, body, &gateway.options).await?;
    match (operation, chat, service) {
        (Some(operation), Some(chat), _) => {
            perform::check_service(gateway, name, form).await?;
            perform::perform(gateway, chat, (operation, prefer::wait(request.headers())), form).await
        }
        (_, _, Some(service)) => {
            let origin = Origin { from, channel: gms.channel };
            perform::start(gateway, origin, (name, service), form).await
        }
        _ => Err(Fault::Service),
    }
}
