// @ts-check
/** Files that are dropped anywhere on the page. */

/** @param {HTMLElement} veil shown while one hovers @param {(file: File) => void} dropped */
export function droppable(veil, dropped) {
  let depth = 0;
  const hide = () => {
    depth = 0;
    veil.hidden = true;
  };
  addEventListener("dragenter", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    depth += 1;
    veil.hidden = false;
  });
  addEventListener("dragleave", () => {
    depth -= 1;
    if (depth <= 0) hide();
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    hide();
    const file = event.dataTransfer?.files[0];
    if (file) dropped(file);
  });
}

/** Let the browser save `text` as a file. @param {string} name @param {string} kind @param {string} text */
export function save(name, kind, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: kind }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
