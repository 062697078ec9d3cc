//! A client that was made for another server moves here and back.

use super::super::support::{Site, code, site};
use serde_json::Value;
use std::collections::BTreeMap;

/// A client as they are in the field: it knows its server by one address, sends all it has with every call and goes on
/// by the highest index that it saw.
struct FieldClient {
    base: String,
    http: reqwest::Client,
    kept: BTreeMap<&'static str, String>,
    seen: u64,
    texts: Vec<String>,
}

impl FieldClient {
    async fn starts(base: &str) -> Self {
        let (http, kept) = (reqwest::Client::new(), BTreeMap::new());
        let mut client = Self { base: base.to_owned(), http, kept, seen: 0, texts: Vec::new() };
        let fields =
            [("nickname", "Zoë"), ("text", ""), ("userData[_genesys_source]", "web"), ("subject", "")];
        let reply = client.posts("/", &fields).await;
        for name in ["chatId", "secureKey", "userId", "alias"] {
            client.kept.insert(name, reply[name].as_str().unwrap().to_owned());
        }
        client
    }

    async fn posts(&self, path: &str, fields: &[(&str, &str)]) -> Value {
        let request = self.http.post(format!("{}{path}", self.base)).header("apikey", "any");
        request.form(fields).send().await.unwrap().json().await.unwrap()
    }

    async fn calls(&mut self, operation: &str, message: &str) -> Value {
        let position = (self.seen + 1).to_string();
        let mut fields = vec![("message", message), ("transcriptPosition", position.as_str())];
        let kept = self.kept.iter().filter(|(name, _)| **name != "chatId");
        fields.extend(kept.map(|(name, value)| (*name, value.as_str())));
        let reply = self.posts(&format!("/{}/{operation}", self.kept["chatId"]), &fields).await;
        for message in reply["messages"].as_array().unwrap() {
            self.seen = self.seen.max(message["index"].as_u64().unwrap());
            if message["type"] == "Message" {
                self.texts.push(message["text"].as_str().unwrap().to_owned());
            }
        }
        reply
    }

    /// A whole chat.
    async fn talks(base: &str) {
        let mut client = Self::starts(base).await;
        for text in ["hello", "مرحبا"] {
            client.calls("startTyping", "").await;
            client.calls("send", text).await;
            client.calls("refresh", "").await;
        }
        assert_eq!(client.texts, ["hello", "مرحبا"]);
        assert_eq!(client.calls("disconnect", "").await["chatEnded"], true);
    }
}

fn base(site: &Site) -> String {
    site.address("default")
}

#[actix_web::test]
async fn a_client_moves_to_another_server_and_back_by_its_address_alone() {
    let (old, new) = (site(), site());
    for server in [&old, &new, &old] {
        FieldClient::talks(&base(server)).await;
    }
    // A chat that goes on is known where it began, and nowhere else.
    let mut going = FieldClient::starts(&base(&old)).await;
    going.base = base(&new);
    let reply = going.calls("send", "here?").await;
    assert_eq!((code(&reply), &reply["chatEnded"]), (249, &Value::from(true)));
    going.base = base(&old);
    going.calls("send", "still here").await;
    assert_eq!(going.texts, ["still here"]);
}
