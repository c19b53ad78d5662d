// Texts that stand out too little from what lies behind them: WCAG AA asks for 4.5, or 3 where they are large.
() => {
  const rgb = color => {
    const numbers = color.match(/[\d.]+/g).map(Number);
    const [r, g, b, a = 1] = numbers;
    return color.startsWith('color(') ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
  };
  const light = color => {
    const [r, g, b] = color.slice(0, 3).map(part => part / 255)
      .map(part => part <= .03928 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const { backgroundImage: image, backgroundColor: color } = getComputedStyle(at);
      if (image !== 'none') return [...image.matchAll(/(?:rgba?|color)\([^)]*\)/g)].map(found => rgb(found[0]));
      if (rgb(color)[3] === 1) return [rgb(color)];
    }
    return [[255, 255, 255]];
  };
  const bad = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode.data.trim(), element = texts.currentNode.parentElement;
    if (!text || !element.checkVisibility() || element.closest('.hidden, script, style, svg, .skip')) continue;
    const style = getComputedStyle(element), size = parseFloat(style.fontSize), ink = light(rgb(style.color));
    const needed = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    for (const ground of behind(element).map(light)) {
      const ratio = (Math.max(ink, ground) + .05) / (Math.min(ink, ground) + .05);
      if (ratio < needed) bad.push([ratio.toFixed(2), element.className, text.slice(0, 30)]);
    }
  }
  return bad;
}
