// Sets the theme that the user chose before the page is painted; without a choice, the system's is used.
{
  const chosen = localStorage.getItem("memodag-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
