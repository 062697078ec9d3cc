//! Puts what `npm run build` made of `web/` into the binary, by its manifest: no list of files in the code.

use serde_json::Value;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let dist = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("web/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    let manifest = dist.join("manifest.json");
    let built = if manifest.is_file() {
        let manifest: Value = serde_json::from_str(&fs::read_to_string(manifest)?)?;
        let files = manifest["files"].as_array().ok_or("web/dist/manifest.json lists no files")?;
        files.iter().map(|file| entry(&dist, file)).collect::<Result<String, _>>()?
    } else {
        println!("cargo::warning=the pages are not built, so this binary has none: scripts/web builds them");
        String::new()
    };
    let out = PathBuf::from(env::var("OUT_DIR")?).join("built.rs");
    Ok(fs::write(out, format!("&[{built}]"))?)
}

/// One file of the manifest as a value of the type that serves it.
fn entry(dist: &Path, file: &Value) -> Result<String, Box<dyn Error>> {
    let text = |key: &str| file[key].as_str().ok_or(format!("web/dist/manifest.json: a file has no {key}"));
    let may = |key: &str| file[key].as_str().unwrap_or_default();
    let is = |key: &str| file[key].as_bool().unwrap_or_default();
    let path = text("path")?;
    let bytes = |ending: &str| format!("include_bytes!({:?})", dist.join(format!("{path}{ending}")));
    Ok(format!(
        "Built {{ path: {path:?}, kind: {:?}, at: {:?}, page: {:?}, trusts: {:?}, pictures: {}, public: {}, \
         immutable: {}, \
         plain: {}, gzip: {}, brotli: {} }},",
        text("type")?,
        may("at"),
        may("page"),
        may("trusts"),
        is("pictures"),
        is("public"),
        is("immutable"),
        bytes(""),
        bytes(".gz"),
        bytes(".br"),
    ))
}
