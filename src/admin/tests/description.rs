//! That the description says what is there, and all of it.

use super::*;
use crate::admin::Description;
use crate::admin::api::{BASE, resources};
use crate::descriptions::{is_committed, yaml};
use serde_json::Value;
use std::collections::BTreeSet;
use utoipa::OpenApi;

/// The method and path of every operation of a description.
fn operations(description: &Value) -> BTreeSet<(String, String)> {
    let paths = description["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().keys().filter(|key| *key != "parameters");
        methods.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[actix_web::test]
async fn every_operation_of_the_description_is_there_and_every_resource_is_described() {
    let fake = fake();
    let reply = get(&fake, "/admin/v1/openapi.yaml").await;
    assert_eq!(reply.content_type, "application/yaml");
    let described = operations(&yaml_serde::from_str(&reply.body).unwrap());
    for (method, path) in &described {
        let path = format!("{BASE}{}", path.replace("{id}", KNOWN));
        let reply = send(&fake, asking(method.parse().unwrap(), &path)).await;
        let nowhere = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].contains(&reply.status);
        assert!(!nowhere, "{method} {path} is described and not there");
    }
    let there = resources().into_iter().map(|(path, method, _)| (method.to_string(), path.to_owned()));
    assert_eq!(described, there.collect());
}

#[test]
fn the_committed_description_is_what_the_code_makes() {
    is_committed("openapi/admin.yaml", &yaml(&Description::openapi()));
}
