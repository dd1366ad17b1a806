// Runs before the first paint: day or night, as the machine is set (Tabler reads data-bs-theme).
const night = matchMedia("(prefers-color-scheme: dark)");
const show = () => document.documentElement.setAttribute("data-bs-theme", night.matches ? "dark" : "light");
night.addEventListener("change", show);
show();
