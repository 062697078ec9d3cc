//! Property tests of the readers of parameters.

use crate::channel::gms::operation::{Operation, read_start};
use crate::gateway::GatewayOptions;
use crate::gateway::form::{Form, FormLimits};
use proptest::prelude::*;

const NAMES: [&str; 12] = [
    "pushUrl",
    "waitMs",
    "nickname",
    "firstName",
    "lastName",
    "emailAddress",
    "message",
    "transcriptPosition",
    "clientMessageId",
    "userData[TimeZone]",
    "userData[k]",
    "messageType",
];

proptest! {
    #[test]
    fn any_fields_are_read_or_refused_and_what_is_read_is_within_its_limits(
        values in proptest::collection::vec((0..NAMES.len(), "\\PC{0,40}|[0-9]{1,30}|[!-~]{1,70}"), 0..12)
    ) {
        let pairs = values.iter().map(|(name, value)| (NAMES[*name], value.as_str()));
        let mut body = String::new();
        for (name, value) in pairs {
            let escaped: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            body.push_str(&format!("{name}={escaped}&"));
        }
        let form = Form::urlencoded(body.as_bytes(), FormLimits { fields_max: 99, name_bytes_max: 99 }).unwrap();
        let options = GatewayOptions { field_bytes_max: 100, ..GatewayOptions::default() };
        if let Ok(start) = read_start(&form, &options) {
            prop_assert!(!start.nickname.trim().is_empty() && start.nickname.len() <= 256);
            prop_assert!(start.time_zone_offset_minutes.abs() <= 1440);
            prop_assert!(start.email.is_empty() || start.email.contains('@'));
            prop_assert!(start.client_id.is_none_or(|id| (16..=64).contains(&id.len()) && id.is_ascii()));
            prop_assert!(start.user_data.values().all(|value| value.len() <= 100));
        }
        for name in [
            "send", "refresh", "startTyping", "stopTyping", "disconnect", "pushUrl", "updateNickname", "updateData",
            "customNotice", "readReceipt",
        ] {
            let _ = Operation::named(name).unwrap().read(&form, 100);
        }
    }
}
