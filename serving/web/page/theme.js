/** Before anything is painted: the theme that was chosen here, if any. */
{
  const chosen = localStorage.getItem("undertone.theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
}
