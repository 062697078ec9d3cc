use super::support::{Memory, options, site_of};
#[actix_web::test]
#[ignore]
async fn serve_by_hand() {
    let sessions = Memory::new();
    let mut options = options();
    let robin = options.services["robin"].clone();
    options.services.insert("default".to_owned(), robin);
    options.customer_nodes = vec!["http://127.0.0.1:18931".to_owned(), "http://127.0.0.1:18932".to_owned()];
    let a = site_of(sessions.clone(), options.clone(), 1);
    std::fs::write("/tmp/gwpw/url", &a.url).unwrap();
    let mut b = options.clone();
    b.customer_nodes = vec!["http://127.0.0.1:1".to_owned(), a.url.clone()];
    b.customer_nodes = vec![a.url.clone()];
    let b = site_of(sessions, b, 2);
    std::fs::write("/tmp/gwpw/url2", &b.url).unwrap();
    while !std::path::Path::new("/tmp/gwpw/stop").exists() {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
}
