// @ts-nocheck: it runs in a browser, in a copy of the report's page: where everything in its picture lies, in units of the picture, however large
// it is drawn.
addEventListener("load", () => {
  const svg = document.querySelector("svg");
  const { width, height } = svg.viewBox.baseVal;
  const whole = svg.getBoundingClientRect();
  const scale = width / whole.width;
  const parts = (colour) => (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
  const light = (colour) => {
    const [red, green, blue] = parts(colour)
      .map((value) => value / 255)
      .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const paper = light(getComputedStyle(document.querySelector(".paper")).fill);
  const boxOf = (element) => {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    return {
      left: (left - whole.left) * scale,
      right: (right - whole.left) * scale,
      top: (top - whole.top) * scale,
      bottom: (bottom - whole.top) * scale,
    };
  };
  const texts = [...svg.querySelectorAll("text")].map((element) => {
    const style = getComputedStyle(element);
    const ink = light(style.fill);
    return {
      ...boxOf(element),
      text: element.firstChild?.nodeValue ?? "",
      width: element.getComputedTextLength(),
      size: Number.parseFloat(style.fontSize),
      bold: Number(style.fontWeight) > 500,
      contrast: (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05),
    };
  });
  const bars = [...svg.querySelectorAll("rect")].map(boxOf);
  const outside = [...document.querySelectorAll("[src], [href], link, iframe, object, embed")].map(
    (one) => one.outerHTML,
  );
  const { scrollWidth, clientWidth } = document.documentElement;
  const found = document.createElement("pre");
  found.id = "found";
  found.textContent = JSON.stringify({ texts, bars, width, height, outside, beyond: scrollWidth - clientWidth });
  document.body.append(found);
});
