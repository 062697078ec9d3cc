// Styles of a shadow root: as sheets that a page's policy on styles has no say in, and as an element where there are none.

/** Adds a text of styles to a root. */
export function addStyles(root: ShadowRoot, text: string): void {
  if ("adoptedStyleSheets" in root && "replaceSync" in CSSStyleSheet.prototype) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    return;
  }
  const element = document.createElement("style");
  element.textContent = text;
  root.append(element);
}
