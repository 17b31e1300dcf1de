/** Before anything is painted: the theme that was chosen here, if any. */
{
  try {
    const chosen = localStorage.getItem("undertone.theme");
    if (chosen) document.documentElement.dataset.theme = chosen;
  } catch {} // a browser that keeps nothing
}
