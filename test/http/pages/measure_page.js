// Runs inside the page: plain JavaScript, because the rest of the tests knows no DOM. Its value is the last expression.
const rgb = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);

/** WCAG 2.2, "relative luminance". */
const luminance = ([red, green, blue]) => {
  const [r, g, b] = [red, green, blue].map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

const backgroundOf = (element) => {
  if (!element) return 'rgb(255, 255, 255)';
  const color = getComputedStyle(element).backgroundColor;
  return rgb(color)[3] === 0 ? backgroundOf(element.parentElement) : color;
};

const contrastOf = (element) => {
  const light = luminance(rgb(getComputedStyle(element).color));
  const dark = luminance(rgb(backgroundOf(element)));
  return (Math.max(light, dark) + 0.05) / (Math.min(light, dark) + 0.05);
};

const withText = [...document.querySelectorAll('main *, footer')].filter((element) =>
  [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()),
);
const targets = [...document.querySelectorAll('button, input:not([type=hidden])')];

({
  texts: withText.map((element) => ({ text: element.textContent.trim().slice(0, 40), contrast: contrastOf(element) })),
  sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  smallest: Math.min(24, ...targets.map((target) => target.getBoundingClientRect().height)),
  language: document.documentElement.lang,
});
