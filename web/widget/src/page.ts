// The customer's page of a node: says to the widget which service and language its address asks for, and which nodes it
// may turn to. The widget's loader runs after it.

{
  const asked = new URLSearchParams(location.search);
  const nodes = document.querySelector<HTMLMetaElement>("meta[name=handoff-nodes]")?.content ?? "";
  (window as unknown as { handoff: object }).handoff = {
    service: asked.get("service") ?? "",
    language: asked.get("lang") ?? "",
    nodes,
  };
}
