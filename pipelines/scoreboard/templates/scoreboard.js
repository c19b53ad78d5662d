// The switch between Vietnamese and English, folds, and the search for a commune. Without it the page is complete, in
// the language that is set.
(function () {
  var root = document.documentElement, button = document.getElementById('language');
  var titles = { vi: root.getAttribute('data-title-vi'), en: root.getAttribute('data-title-en') };
  function show(language) {
    root.lang = language;
    root.classList.toggle('english', language === 'en');
    document.title = titles[language];
    button.textContent = language === 'en' ? 'Tiếng Việt' : 'English';
    button.lang = language === 'en' ? 'vi' : 'en';
  }
  button.hidden = false;
  button.addEventListener('click', function () {
    var language = root.lang === 'en' ? 'vi' : 'en';
    show(language);
    try { localStorage.setItem('hatinh-language', language); } catch (refused) { /* a page from a file may not keep it */ }
  });
  var kept = null;
  try { kept = localStorage.getItem('hatinh-language'); } catch (refused) { /* then the language of the page */ }
  show(titles[kept] ? kept : root.lang);
  // A link to a figure opens the folds around it.
  function open() {
    var aim = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1))), opened = false;
    for (var at = aim; at; at = at.parentElement) if (at.tagName === 'DETAILS' && !at.open) opened = at.open = true;
    if (opened) aim.scrollIntoView();
  }
  addEventListener('hashchange', open);
  var folds = document.querySelectorAll('details.more, .others details, details.unfold');
  // A wide screen has room for the cards.
  if (matchMedia('(min-width: 62rem)').matches)
    document.querySelectorAll('details.fold.is-assessed, details.unfold').forEach(function (fold) { fold.open = true; });
  // Paper unfolds nothing: open the lists.
  var closed = [];
  addEventListener('beforeprint', function () {
    closed = Array.prototype.filter.call(folds, function (fold) { return !fold.open; });
    closed.forEach(function (fold) { fold.open = true; });
  });
  addEventListener('afterprint', function () { closed.forEach(function (fold) { fold.open = false; }); });
  // A commune by its name or its shape: its figures in words, from the table, and its outline on every map.
  var find = document.querySelector('.find'), input = document.getElementById('tim-xa'), shown = document.getElementById('xa-chon');
  function plain(text) { return text.toLowerCase().normalize('NFD').replace(/[\u0300-\u036f]/g, '').replace(/đ/g, 'd'); }
  function choose(row) {
    document.querySelectorAll('[data-code]').forEach(function (shape) {
      var isChosen = Boolean(row) && 'xa-' + shape.getAttribute('data-code') === row.id;
      shape.classList.toggle('chosen', isChosen);
      if (isChosen) shape.parentNode.append(shape); // above its neighbours
    });
    shown.textContent = '';
    if (!row) return;
    var heads = document.querySelectorAll('.communes thead th'), name = document.createElement('b');
    name.textContent = row.cells[0].textContent;
    shown.append(name);
    for (var at = 1; at < row.cells.length - 1; at++) {
      var part = document.createElement('span');
      part.append.apply(part, [' · '].concat(Array.prototype.map.call(heads[at].childNodes, copy), ': ', Array.prototype.map.call(row.cells[at].childNodes, copy)).flat());
      shown.append(part);
    }
  }
  function copy(node) { return node.cloneNode(true); }
  if (find) {
    var rows = Array.prototype.slice.call(document.querySelectorAll('.communes tbody tr'));
    find.hidden = false;
    input.addEventListener('input', function () {
      var asked = plain(input.value.trim());
      var exact = rows.filter(function (row) { return plain(row.cells[0].textContent) === asked; });
      var near = rows.filter(function (row) { return asked && plain(row.cells[0].textContent).indexOf(asked) >= 0; });
      choose(exact[0] || near[0]);
    });
    document.querySelectorAll('[data-code]').forEach(function (shape) {
      shape.addEventListener('click', function () {
        var row = document.getElementById('xa-' + shape.getAttribute('data-code'));
        choose(row);
        input.value = row ? row.cells[0].textContent : '';
      });
    });
  }
  open();
}());
