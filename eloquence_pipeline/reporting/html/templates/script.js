"use strict";
(() => {
  const root = document.documentElement;
  const asked = root.dataset.language || (navigator.language || "fr").slice(0, 2);
  const chosen = document.getElementById(`language-${asked}`) || document.getElementById("language-en");
  const follow = () => {
    root.lang = document.getElementById("language-en").checked ? "en" : "fr";
    document.title = root.dataset[root.lang];
  };
  chosen.checked = true;
  follow();
  for (const choice of document.querySelectorAll("input.choice")) choice.addEventListener("change", follow);
  // One sound at a time: what was sent over what was received says nothing.
  document.addEventListener("play", (event) => {
    for (const other of document.querySelectorAll("audio")) if (other !== event.target) other.pause();
  }, true);
  // A link that leads into a folded part opens it.
  const open = () => {
    const place = location.hash && document.getElementById(location.hash.slice(1));
    const folded = place && place.closest("details");
    if (folded) folded.open = true;
  };
  addEventListener("hashchange", open);
  open();
})();
