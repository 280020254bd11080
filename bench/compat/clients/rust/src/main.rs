//! Client of the official Rust SDK: one JSON command a line on stdin, one JSON answer a line on stdout (see ../../judges.mjs).
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use std::time::Duration;

use rmcp::{
    ClientHandler, RoleClient, ServiceExt,
    model::{CallToolRequestParams, ClientRequest, ProgressNotificationParam, Request},
    service::{NotificationContext, PeerRequestOptions, RunningService},
    transport::StreamableHttpClientTransport,
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

#[derive(Clone, Default)]
struct Judge {
    steps: Arc<AtomicUsize>,
}

impl ClientHandler for Judge {
    async fn on_progress(&self, _: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.steps.fetch_add(1, SeqCst);
    }
}

type Failure = Box<dyn std::error::Error>;

async fn obey(client: &RunningService<RoleClient, Judge>, command: &Value) -> Result<Value, Failure> {
    let tool = command["tool"].as_str().unwrap_or_default().to_owned();
    let mut params = CallToolRequestParams::new(tool);
    params.arguments = command["arguments"].as_object().cloned();
    match command["do"].as_str() {
        Some("list") => Ok(json!({ "tools": client.list_all_tools().await?.len() })),
        Some("call") => {
            let result = serde_json::to_value(client.call_tool(params).await?)?;
            Ok(json!({ "text": result["content"][0]["text"] }))
        }
        Some("progress") => {
            client.service().steps.store(0, SeqCst);
            client.call_tool(params).await?;
            // Notifications are handled beside the answer.
            tokio::time::sleep(Duration::from_millis(200)).await;
            Ok(json!({ "steps": client.service().steps.load(SeqCst) }))
        }
        Some("cancel") => {
            let request = ClientRequest::CallToolRequest(Request::new(params));
            let handle = client
                .send_cancellable_request(request, PeerRequestOptions::no_options())
                .await?;
            tokio::time::sleep(Duration::from_millis(500)).await;
            handle.cancel(Some("no longer wanted".into())).await?;
            Ok(json!({ "cancelled": true }))
        }
        _ => Err("unknown command".into()),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let url = std::env::args().nth(1).ok_or("usage: judge URL")?;
    let client = Judge::default()
        .serve(StreamableHttpClientTransport::from_uri(url))
        .await?;
    println!("{}", json!({ "ready": true }));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let answer = match obey(&client, &serde_json::from_str(&line)?).await {
            Ok(answer) => answer,
            Err(error) => json!({ "error": error.to_string() }),
        };
        println!("{answer}");
    }
    client.cancel().await?;
    Ok(())
}
