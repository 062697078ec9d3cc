//! The field's API over REST, in both encodings of its forms.

use super::{NO_TEXTS, TEXTS, attached};
use crate::gateway::tests::support::{Chat, Site, code, site, text as said, told};
use serde_json::Value;

/// How a form is written.
#[derive(Clone, Copy, Debug)]
enum Written {
    Urlencoded,
    Multipart,
}

const BOTH: [Written; 2] = [Written::Urlencoded, Written::Multipart];

type Fields<'f> = [(&'f str, &'f [u8])];

impl Written {
    fn body(self, fields: &Fields<'_>) -> (&'static str, Vec<u8>) {
        match self {
            Self::Urlencoded => {
                let pairs = fields.iter().map(|(name, value)| {
                    let escape = |bytes: &[u8]| form_urlencoded::byte_serialize(bytes).collect::<String>();
                    format!("{}={}", escape(name.as_bytes()), escape(value))
                });
                ("application/x-www-form-urlencoded", pairs.collect::<Vec<_>>().join("&").into())
            }
            Self::Multipart => {
                let mut body = Vec::new();
                for (name, value) in fields {
                    let head = "--b0\r\nContent-Disposition: form-data; name=";
                    body.extend(format!("{head}\"{name}\"\r\n\r\n").bytes().chain(value.iter().copied()));
                    body.extend(b"\r\n");
                }
                body.extend(b"--b0--\r\n");
                ("multipart/form-data; boundary=b0", body)
            }
        }
    }

    async fn post(self, site: &Site, path: &str, fields: &Fields<'_>) -> (u16, Value) {
        let (content_type, body) = self.body(fields);
        site.raw(path, content_type, body).await
    }

    async fn call(self, site: &Site, chat: &Chat, operation: &str, fields: &Fields<'_>) -> (u16, Value) {
        let all = [&[("secureKey", chat.key.as_bytes())], fields].concat();
        self.post(site, &format!("default/{}/{operation}", chat.id), &all).await
    }

    async fn done(self, site: &Site, chat: &Chat, operation: &str, fields: &Fields<'_>) {
        let (status, reply) = self.call(site, chat, operation, fields).await;
        assert_eq!((status, &reply["statusCode"]), (200, &Value::from(0)), "{self:?} {operation}: {reply}");
    }
}

#[actix_web::test]
async fn texts_of_any_language_come_back_over_rest_as_they_were_sent() {
    for written in BOTH {
        let site = site();
        let fields = [("nickname", TEXTS[15].as_bytes()), ("subject", TEXTS[5].as_bytes())];
        let (status, reply) = written.post(&site, "default", &fields).await;
        assert_eq!((status, &reply["messages"][0]["from"]["nickname"]), (200, &TEXTS[15].into()), "{reply}");
        let chat = Chat { id: said(&reply["chatId"]), key: said(&reply["secureKey"]) };
        let mut expected = Vec::new();
        for text in TEXTS {
            let url = format!("https://a.example/{text}");
            written.done(&site, &chat, "send", &[("message", text.as_bytes())]).await;
            written.done(&site, &chat, "customNotice", &[("message", text.as_bytes())]).await;
            written.done(&site, &chat, "pushUrl", &[("pushUrl", url.as_bytes())]).await;
            written.done(&site, &chat, "updateNickname", &[("nickname", text.as_bytes())]).await;
            written.done(&site, &chat, "updateData", &[("userData[k]", text.as_bytes())]).await;
            written.done(&site, &chat, "startTyping", &[("message", text.as_bytes())]).await;
            let events =
                [("Message", text), ("CustomNotice", text), ("PushUrl", &url), ("NicknameUpdated", text)];
            assert_eq!(attached(&site, &chat.id)["k"], text);
            expected.extend(events.map(|(kind, text)| (kind.to_owned(), Some(text.to_owned()))));
        }
        let reply = site.done(&chat, "refresh", &[("transcriptPosition", "2")]).await;
        let mut told = told(&reply);
        told.retain(|(kind, _)| !kind.starts_with("Typing"));
        assert_eq!(told, expected, "{written:?}");
        assert_eq!(reply["messages"][0]["from"]["nickname"], TEXTS[15], "by now");
    }
}

#[actix_web::test]
async fn bytes_that_are_no_text_are_refused_over_rest_wherever_they_stand_and_harm_nothing() {
    for written in BOTH {
        let site = site();
        let chat = site.start().await;
        for bytes in NO_TEXTS {
            for (operation, name) in [
                ("send", "message"),
                ("send", "messageType"),
                ("customNotice", "message"),
                ("pushUrl", "pushUrl"),
                ("updateNickname", "nickname"),
                ("updateData", "userData[k]"),
                ("startTyping", "message"),
                ("refresh", "unknown"),
            ] {
                let fields = [("message", &b"x"[..]), (name, bytes)];
                let (status, reply) = written.call(&site, &chat, operation, &fields).await;
                assert_eq!((status, code(&reply)), (400, 400), "{written:?} {operation} {name} {bytes:?}");
            }
            let fields = [("nickname", &b"n"[..]), ("userData[k]", bytes)];
            let (status, reply) = written.post(&site, "default", &fields).await;
            assert_eq!((status, code(&reply)), (400, 400), "{written:?} {bytes:?}");
        }
        let reply = site.done(&chat, "refresh", &[("transcriptPosition", "2")]).await;
        assert_eq!(told(&reply), [], "nothing of it is there");
        site.done(&chat, "send", &[("message", "still here")]).await;
    }
}

/// A name stands in the head of a part, where no control character may be.
#[actix_web::test]
async fn keys_of_any_language_are_keys_and_what_is_no_text_is_none() {
    let site = site();
    for text in TEXTS {
        let name = format!("userData[{text}]");
        let (status, reply) =
            Written::Urlencoded.post(&site, "support", &[("nickname", b"n"), (&name, b"v")]).await;
        assert_eq!((status, &reply["statusCode"]), (200, &Value::from(0)), "{reply}");
        let chat = said(&reply["chatId"]);
        assert_eq!(attached(&site, &chat).get(text).map(String::as_str), Some("v"), "{text:?}");
    }
    let bad = b"nickname=n&userData%5B%ED%A0%80%5D=v";
    let (status, reply) = site.raw("default", "application/x-www-form-urlencoded", *bad).await;
    assert_eq!((status, code(&reply)), (400, 400));
    for name in [&b"userData[\xff]"[..], b"userData[\0]"] {
        let body = [
            b"--b0\r\nContent-Disposition: form-data; name=\"nickname\"\r\n\r\nn\r\n--b0\r\n",
            &b"Content-Disposition: form-data; name=\""[..],
            name,
            b"\"\r\n\r\nv\r\n--b0--\r\n",
        ];
        let (status, reply) = site.raw("default", "multipart/form-data; boundary=b0", body.concat()).await;
        assert_eq!((status, code(&reply)), (400, 400), "{name:?}");
    }
}
