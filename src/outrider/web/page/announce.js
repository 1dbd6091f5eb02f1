// The live region: what is said here is read out, politely, and nothing that runs is ever said.

const KEPT = 6;

/** Say each line. */
export function announce(lines) {
  const region = document.getElementById("said");
  for (const line of lines) {
    const said = document.createElement("p");
    said.textContent = line;
    region.append(said);
  }
  while (region.childElementCount > KEPT) region.firstElementChild.remove();
}
