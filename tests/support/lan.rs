//! A network of namespaces on this host: each node has a network of its own, joined to the others by a bridge, and any
//! direction between two of them can be cut without either end being told.
//!
//! A direction is cut by giving the sender a wrong hardware address for the receiver: what it sends goes nowhere, as
//! behind a broken switch. That needs nothing but `ip`, and the test's own way to all nodes stays whole.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// The place of this test's own process, where directions towards it are named.
pub(crate) const HOST: usize = 253;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Namespaces `0..count`; gone when dropped.
pub(crate) struct Lan {
    name: String,
    subnet: String,
    count: usize,
}

impl Lan {
    /// Makes them; prints why and gives nothing where that is not permitted.
    pub(crate) fn build(count: usize) -> Option<Self> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let pid = std::process::id();
        let lan = Self {
            name: format!("hf{pid:x}{}", char::from(b'a' + u8::try_from(number % 26).unwrap())),
            subnet: format!("10.213.{}", (pid * 7 + number) % 250),
            count,
        };
        // Whatever stands when a step fails goes with the value.
        match lan.set_up() {
            Ok(()) => Some(lan),
            Err(why) => {
                println!("skipped: network namespaces can't be made here: {why}");
                None
            }
        }
    }

    fn set_up(&self) -> Result<(), String> {
        let bridge = &self.name;
        ip(&format!("link add {bridge} type bridge"))?;
        ip(&format!("addr add {}.254/24 dev {bridge}", self.subnet))?;
        ip(&format!("link set {bridge} up"))?;
        for place in 0..self.count {
            let (space, veth, address) =
                (self.space(place), format!("{bridge}v{place}"), self.address(place));
            ip(&format!("netns add {space}"))?;
            ip(&format!("link add {veth} type veth peer name eth0 netns {space}"))?;
            ip(&format!("link set {veth} master {bridge}"))?;
            ip(&format!("link set {veth} up"))?;
            ip(&format!("-n {space} addr add {address}/24 dev eth0"))?;
            ip(&format!("-n {space} link set lo up"))?;
            ip(&format!("-n {space} link set eth0 up"))?;
        }
        Ok(())
    }

    /// A namespace's name.
    pub(crate) fn space(&self, place: usize) -> String {
        format!("{}n{place}", self.name)
    }

    /// The address in a namespace.
    pub(crate) fn address(&self, place: usize) -> String {
        format!("{}.{}", self.subnet, place + 1)
    }

    /// All that one sends to another is lost from now on.
    pub(crate) fn lose(&self, from: usize, to: usize) {
        let (space, address) = (self.inside(from), self.address(to));
        let device = self.device(from);
        ip(&format!("{space} neigh replace {address} lladdr 02:00:00:00:de:ad dev {device} nud permanent"))
            .unwrap();
    }

    /// How `ip` is told where to work.
    fn inside(&self, place: usize) -> String {
        if place == HOST { "-4".to_owned() } else { format!("-n {}", self.space(place)) }
    }

    /// What a listener in a place answers to a GET from there: that way is never cut.
    pub(crate) fn get(&self, place: usize, port: u16, path: &str) -> String {
        let address = self.address(place);
        let script = format!(
            "exec 3<>/dev/tcp/{address}/{port}; printf 'GET {path} HTTP/1.0\\r\\n\\r\\n' >&3; timeout 5 cat <&3"
        );
        let space = self.space(place);
        let output =
            Command::new("ip").args(["netns", "exec", &space, "bash", "-c", &script]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// By which device a place reaches the others.
    fn device(&self, place: usize) -> &str {
        if place == HOST { &self.name } else { "eth0" }
    }

    /// Two lose each other.
    pub(crate) fn cut(&self, one: usize, other: usize) {
        self.lose(one, other);
        self.lose(other, one);
    }

    /// Everything arrives again.
    pub(crate) fn heal(&self) {
        for from in (0..self.count).chain([HOST]) {
            for to in (0..self.count).chain([HOST]).filter(|to| *to != from) {
                // Fails where nothing was cut.
                let (space, device) = (self.inside(from), self.device(from));
                let _whole = ip(&format!("{space} neigh del {} dev {device}", self.address(to)));
            }
        }
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        for place in 0..self.count {
            let _gone = ip(&format!("netns del {}", self.space(place)));
        }
        let _gone = ip(&format!("link del {}", self.name));
    }
}

fn ip(arguments: &str) -> Result<(), String> {
    let Output { status, stderr, .. } =
        Command::new("ip").args(arguments.split(' ')).output().map_err(|error| format!("ip: {error}"))?;
    let said = String::from_utf8_lossy(&stderr);
    if status.success() { Ok(()) } else { Err(format!("'ip {arguments}': {}", said.trim())) }
}
