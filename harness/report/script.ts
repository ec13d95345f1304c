/**
 * The only script of the page: it reads out the timeline under the pointer. The page says everything without it.
 * Plain ES2017 as text, because it runs in the reader's browser and is compiled by nobody.
 */
export const HOVER_SCRIPT = `
(function () {
  "use strict";
  var tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.appendChild(tip);
  function time(ms) {
    return ms < 10000 ? (ms / 1000).toFixed(2) + " s" : ms < 120000 ? (ms / 1000).toFixed(1) + " s"
      : Math.floor(ms / 60000) + " min " + Math.round(ms % 60000 / 1000) + " s";
  }
  function latency(ms) {
    return ms === null ? "no commit" : ms < 10 ? ms.toFixed(2) + " ms" : ms < 1000 ? ms.toFixed(0) + " ms" : (ms / 1000).toFixed(1) + " s";
  }
  function hide() { tip.hidden = true; }
  document.querySelectorAll("figure[data-timeline]").forEach(function (figure) {
    var data = JSON.parse(figure.querySelector("script").textContent);
    var svg = figure.querySelector("svg");
    svg.addEventListener("pointerleave", hide);
    svg.addEventListener("pointermove", function (event) {
      var box = svg.getBoundingClientRect();
      var x = (event.clientX - box.left) / box.width * data.width;
      var share = (x - data.left) / (data.width - data.left - data.right);
      if (share < 0 || share > 1) { hide(); return; }
      var at = share * data.lengthMs;
      tip.textContent = data.clock + " " + time(at);
      data.rows.forEach(function (row) {
        var i = Math.floor(at / row.binMs);
        if (i >= row.rate.length) return;
        var led = row.leaders.filter(function (l) { return l[0] <= at && at < l[1]; }).map(function (l) { return l[2]; });
        var line = document.createElement("div");
        line.textContent = row.name + ": " + row.rate[i] + " commits/s, median " + latency(row.p50[i])
          + ", " + (led.length === 0 ? "no leader" : "leader " + led.join(" and "));
        tip.appendChild(line);
      });
      tip.hidden = false;
      var left = event.pageX + 16;
      if (left + tip.offsetWidth > window.scrollX + document.documentElement.clientWidth - 8) left = event.pageX - tip.offsetWidth - 16;
      tip.style.left = Math.max(4, left) + "px";
      tip.style.top = (event.pageY + 18) + "px";
    });
  });
})();
`;
