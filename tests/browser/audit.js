// What is wrong with the page as it is shown now, as a list of sentences.
() => {
  const wrong = [];
  const shown = (element) => element.checkVisibility({ visibilityProperty: true });
  const name = (element) => `<${element.localName}> ${element.textContent.trim().slice(0, 40)}`;

  if (document.documentElement.lang !== "en") wrong.push("the page has no language");
  if (!document.title) wrong.push("the page has no title");
  if (document.querySelectorAll("main").length !== 1) wrong.push("the page has not one main part");

  const levels = [...document.querySelectorAll("h1, h2, h3, h4")].map((h) => Number(h.localName[1]));
  if (levels.filter((level) => level === 1).length !== 1) wrong.push("the page has not one h1");
  levels.reduce((before, level) => {
    if (level > before + 1) wrong.push(`h${level} follows h${before}`);
    return level;
  }, 0);

  const narrow = innerWidth < 600;
  for (const element of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!element.labels.length) wrong.push(`no label: ${element.name}`);
    else if (element.labels[0].getBoundingClientRect().height < 44) wrong.push("a label is small");
  }
  for (const element of document.querySelectorAll("button, a")) {
    if (!element.textContent.trim()) wrong.push("a button or link says nothing");
    if (narrow && element.matches("button, .button") && element.getBoundingClientRect().height < 44)
      wrong.push(`too small for a finger: ${name(element)}`);
  }
  for (const radio of document.querySelectorAll("input[type=radio]"))
    if (!radio.closest("fieldset")?.querySelector("legend")) wrong.push("radio buttons have no legend");
  if (document.querySelector("script:not([src])")) wrong.push("the page has a script in it");

  if (document.documentElement.scrollWidth > innerWidth)
    wrong.push(`the page is ${document.documentElement.scrollWidth} wide, the screen ${innerWidth}`);
  for (const element of document.querySelectorAll("main *")) {
    const { left, right } = element.getBoundingClientRect();
    if (shown(element) && (left < -1 || right > innerWidth + 1) && !element.closest(".scroll, pre"))
      wrong.push(`beyond the edge: ${name(element)}`);
  }

  const parts = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const over = (top, below) => ({
    r: top.r * top.a + below.r * (1 - top.a),
    g: top.g * top.a + below.g * (1 - top.a),
    b: top.b * top.a + below.b * (1 - top.a),
    a: 1,
  });
  const grounds = new Map([[null, parts("rgb(255, 255, 255)")]]);
  const behind = (element) => {
    if (!grounds.has(element)) {
      const own = parts(getComputedStyle(element).backgroundColor);
      grounds.set(element, own.a === 1 ? own : over(own, behind(element.parentElement)));
    }
    return grounds.get(element);
  };
  const light = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const judged = new Set();
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || judged.has(element) || !shown(element)) continue;
    judged.add(element);
    const ground = behind(element);
    const ratio = contrast(over(parts(getComputedStyle(element).color), ground), ground);
    if (ratio < 4.5) wrong.push(`contrast ${ratio.toFixed(2)}: ${name(element)}`);
  }
  return wrong;
};
