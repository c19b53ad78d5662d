// The switch between Vietnamese and English. Without it the page is whole, in Vietnamese.
(function () {
  var root = document.documentElement, button = document.getElementById('language');
  var titles = { vi: document.title, en: root.getAttribute('data-title-en') };
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
  try { if (localStorage.getItem('hatinh-language') === 'en') show('en'); } catch (refused) { /* then Vietnamese */ }
  // Whoever follows a link to a figure wants to see what it stands on.
  function open() {
    var aim = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (var at = aim; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true;
  }
  addEventListener('hashchange', open);
  // Paper unfolds nothing.
  addEventListener('beforeprint', function () {
    document.querySelectorAll('details.without-data').forEach(function (some) { some.open = true; });
  });
  open();
}());
