// The part of a small screen that the keyboard leaves: the panel fills it, and nothing of it lies below.

/** Tells the panel how high it may be, as long as it is there. */
export function followViewport(panel: HTMLElement): () => void {
  const view = window.visualViewport;
  if (!view) return () => undefined;
  const follow = () => {
    // A page that zooms itself has larger pixels than its window; older browsers don't say.
    const zoom = panel.currentCSSZoom || 1;
    panel.style.setProperty("--view-height", `${view.height / zoom}px`);
    panel.style.setProperty("--view-top", `${view.offsetTop / zoom}px`);
  };
  follow();
  view.addEventListener("resize", follow);
  view.addEventListener("scroll", follow);
  return () => {
    view.removeEventListener("resize", follow);
    view.removeEventListener("scroll", follow);
  };
}
