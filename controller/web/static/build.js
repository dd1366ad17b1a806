// Small pieces of a page: an element with its class and text, an icon of the sprite.

const icons = document.querySelector("use").getAttribute("href").split("#")[0];

export function element(name, className = "", ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(space, "use"));
  svg.firstChild.setAttribute("href", `${icons}#${name}`);
  return svg;
}

export function button(className, ...children) {
  const made = element("button", className, ...children);
  made.type = "button";
  return made;
}
