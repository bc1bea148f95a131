// SPDX-License-Identifier: GPL-2.0-only
// Comforts of the page: it can be read without them.
(() => {
  'use strict';
  document.documentElement.classList.add('js');

  // Filters: any of the pressed verdicts, all of the words.
  const search = document.querySelector('#filter input');
  const buttons = [...document.querySelectorAll('#filter button')];
  const rows = [...document.querySelectorAll('#all tbody tr')];
  const runs = [...document.querySelectorAll('main > .run')];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  search.hidden = false;
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = buttons.filter((one) => one.getAttribute('aria-pressed') === 'true').map((one) => one.dataset.verdict);
    let shown = 0;
    rows.forEach((row, i) => {
      const fits = (!wanted.length || wanted.includes(row.dataset.verdict)) && words.every((word) => texts[i].includes(word));
      row.hidden = runs[i].hidden = !fits;
      shown += fits;
    });
    document.querySelector('#none').hidden = shown > 0;
  };
  search.addEventListener('input', filter);
  buttons.forEach((one) => one.addEventListener('click', () => {
    one.setAttribute('aria-pressed', one.getAttribute('aria-pressed') !== 'true');
    filter();
  }));

  // A link to a scenario opens it.
  const open = () => {
    const body = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!body || !body.parentElement.matches('.run')) return;
    body.parentElement.open = true;
    body.parentElement.scrollIntoView();
  };
  addEventListener('hashchange', open);
  open();

  // The time under the pointer, and the values at it.
  const duration = (ns) => {
    const size = Math.abs(ns);
    const [by, unit] = size < 1e3 ? [1, 'ns'] : size < 1e6 ? [1e3, 'us'] : size < 1e9 ? [1e6, 'ms'] : [1e9, 's'];
    return `${+(ns / by).toPrecision(4)} ${unit}`;
  };
  const number = (value) => {
    const size = Math.abs(value);
    const [by, unit] = size < 1e4 ? [1, ''] : size < 1e6 ? [1e3, ' k'] : size < 1e9 ? [1e6, ' M'] : [1e9, ' G'];
    return +(value / by).toPrecision(3) + unit;
  };
  // The value of a plot's line at x: the line is made of M x y, H x and V y.
  const valueAt = (svg, x) => {
    const line = svg.querySelector('.line');
    if (!line) return null;
    let y = null, from = 0, found = null;
    for (const [, command, a, b] of line.getAttribute('d').matchAll(/([MHV])([-\d.]+)(?: ([-\d.]+))?/g)) {
      if (command === 'H' && x >= from && x < +a) found = y;
      if (command === 'M') [from, y] = [+a, +b];
      if (command === 'H') from = +a;
      if (command === 'V') y = +a;
    }
    return found === null ? null : +svg.dataset.high - found / 100 * (svg.dataset.high - svg.dataset.low);
  };
  for (const timeline of document.querySelectorAll('.tl')) {
    const grid = timeline.querySelector('.g');
    const cursor = document.createElement('u');
    const label = cursor.appendChild(document.createElement('span'));
    const plots = [...timeline.querySelectorAll('.plot svg')];
    const values = plots.map((svg) => svg.parentElement.nextElementSibling);
    let kept = null;
    timeline.addEventListener('pointermove', (event) => {
      const box = grid.getBoundingClientRect();
      const part = (event.clientX - box.left) / box.width;
      if (part < 0 || part > 1) return leave();
      if (!kept) {
        kept = values.map((one) => one.innerHTML);
        grid.append(cursor);
      }
      cursor.style.left = `${part * 100}%`;
      label.textContent = duration(+grid.dataset.from + part * (grid.dataset.to - grid.dataset.from));
      plots.forEach((svg, i) => {
        const value = valueAt(svg, part * 1000);
        values[i].textContent = value === null ? '' : number(value);
      });
    });
    const leave = () => {
      if (!kept) return;
      values.forEach((one, i) => { one.innerHTML = kept[i]; });
      kept = null;
      cursor.remove();
    };
    timeline.addEventListener('pointerleave', leave);
  }
})();
