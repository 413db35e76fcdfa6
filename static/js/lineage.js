// The lineage picture: <div class="lineage" data-lineage="id of a JSON script"> becomes an SVG, left to right.
// The same graph stands as a list on the page; this is for the eye, and its nodes are ordinary links.
const SVG = "http://www.w3.org/2000/svg";
const HIGH = 46, LEAST = 120, MOST = 250, MARGIN = 12;

function draw(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function shortened(text, room) {
  const letters = [...text];
  return letters.length <= room ? text : `${letters.slice(0, room - 1).join("")}…`;
}

const wide = ({ label, sub }) => Math.min(MOST, Math.max(LEAST, label.length * 7.4 + 52, (sub ?? "").length * 6.2 + 26));

function arrange({ nodes, edges }) {
  const graph = new window.dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 56, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(nodes.map(({ id }) => id));
  for (const node of nodes) graph.setNode(node.id, { width: wide(node), height: HIGH });
  for (const { from, to } of edges) if (known.has(from) && known.has(to)) graph.setEdge(from, to);
  window.dagre.layout(graph);
  return graph;
}

// Edges leave at the right and enter at the left; long ones pass between the boxes where dagre made room for them.
function curve(from, to, points) {
  const between = points.length > 3 ? points.slice(1, -1) : [];
  const way = [{ x: from.x + from.width / 2, y: from.y }, ...between, { x: to.x - to.width / 2 - 5, y: to.y }];
  let path = `M${way[0].x} ${way[0].y}`;
  for (let place = 1; place < way.length; place += 1) {
    const here = way[place - 1], next = way[place], bend = (next.x - here.x) / 2;
    path += ` C${[here.x + bend, here.y, next.x - bend, next.y, next.x, next.y].map((each) => each.toFixed(1)).join(" ")}`;
  }
  return path;
}

function nodeOf(node, { x, y, width, height }, here) {
  const left = x - width / 2, top = y - height / 2;
  const words = [node.label, node.sub, node.word].filter(Boolean).join(", ");
  const room = Math.floor((width - 44) / 7.2);
  const parts = [
    draw("title", {}, words),
    draw("rect", { class: "box", x: left, y: top, width, height, rx: node.kind === "pipeline" ? height / 2 : 6 }),
    draw("text", { x: left + 14, y: node.sub ? top + 20 : top + 28 }, shortened(node.label, room)),
  ];
  if (node.sub) parts.push(draw("text", { class: "sub", x: left + 14, y: top + 36 }, shortened(node.sub, Math.floor((width - 24) / 6))));
  if (node.icon) parts.push(draw("g", { class: node.tone }, draw("use", { class: "icon", href: `#i-${node.icon}`, x: left + width - 26, y: top + 8, width: 14, height: 14 })));
  const classes = `node kind-${node.kind ?? "dataset"}${here === node.id ? " here" : ""}`;
  const element = draw(node.url ? "a" : "g", { href: node.url, class: classes, "aria-label": words, role: node.url ? undefined : "img" }, ...parts);
  element.dataset.node = node.id;
  return element;
}

function edgeOf({ v, w }, graph, kinds) {
  const way = curve(graph.node(v), graph.node(w), graph.edge(v, w).points);
  const kind = kinds.get(`${v} ${w}`) ?? "direct";
  const element = draw("path", { class: `edge ${kind}`, d: way, "marker-end": "url(#lineage-tip)" });
  element.dataset.from = v;
  element.dataset.to = w;
  return element;
}

function tip() {
  const head = draw("path", { class: "tip", d: "M0 0L8 4L0 8z" });
  return draw("defs", {}, draw("marker", { id: "lineage-tip", viewBox: "0 0 8 8", refX: 3, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" }, head));
}

// Pointing at a node, or reaching it by keyboard, lights what it comes from and what depends on it.
function light(box, edges, id) {
  const lit = new Set([id]);
  for (const [near, far] of [["from", "to"], ["to", "from"]]) {
    for (const queue = [id], seen = new Set(queue); queue.length;) {
      const current = queue.pop();
      for (const edge of edges) {
        if (edge[near] !== current || seen.has(edge[far])) continue;
        seen.add(edge[far]);
        lit.add(edge[far]);
        queue.push(edge[far]);
      }
    }
  }
  box.classList.add("focusing");
  for (const node of box.querySelectorAll(".node")) node.classList.toggle("lit", lit.has(node.dataset.node));
  for (const edge of box.querySelectorAll(".edge")) edge.classList.toggle("lit", lit.has(edge.dataset.from) && lit.has(edge.dataset.to));
}

function dim(box) {
  box.classList.remove("focusing");
  for (const element of box.querySelectorAll(".lit")) element.classList.remove("lit");
}

function follow(box, edges) {
  const enter = ({ target }) => { const node = target.closest?.(".node"); if (node) light(box, edges, node.dataset.node); };
  const leave = ({ target }) => { if (target.closest?.(".node")) dim(box); };
  box.addEventListener("pointerover", enter);
  box.addEventListener("pointerout", leave);
  box.addEventListener("focusin", enter);
  box.addEventListener("focusout", leave);
}

// Where a node is to be chosen, its part of the page is fetched and the address follows; the picture stays as it is.
function chooser(box) {
  const part = document.getElementById(box.dataset.choose);
  let asked = 0;
  async function show(url, { follow: keep }) {
    const mine = asked += 1;
    const answer = await fetch(url, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (mine !== asked) return;
    if (!answer?.ok || answer.redirected) { window.location.assign(url); return; }
    const read = new DOMParser().parseFromString(await answer.text(), "text/html");
    part.replaceChildren(...read.body.children);
    if (keep) window.history.pushState(null, "", url);
  }
  function mark(id) {
    for (const node of box.querySelectorAll(".node")) node.classList.toggle("chosen", node.dataset.node === id);
  }
  box.addEventListener("click", (event) => {
    const node = event.target.closest?.("a.node");
    if (!node || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    mark(node.dataset.node);
    show(node.getAttribute("href"), { follow: true });
  });
  window.addEventListener("popstate", () => window.location.reload());
}

function render(box) {
  const source = document.getElementById(box.dataset.lineage);
  if (!source || box.dataset.drawn === source.textContent) return;
  box.dataset.drawn = source.textContent;
  const described = JSON.parse(source.textContent);
  if (!described.nodes.length) return;
  const graph = arrange(described);
  const { width, height } = graph.graph();
  const kinds = new Map(described.edges.map(({ from, to, kind }) => [`${from} ${to}`, kind]));
  const edges = graph.edges().map((edge) => edgeOf(edge, graph, kinds));
  const nodes = described.nodes.map((node) => nodeOf(node, graph.node(node.id), box.dataset.focusNode));
  box.replaceChildren(draw("svg", { width, height, viewBox: `0 0 ${width} ${height}` }, tip(), ...edges, ...nodes));
  follow(box, described.edges);
  if (box.dataset.choose && !box.dataset.choosing) {
    box.dataset.choosing = "yes";
    chooser(box);
  }
  const here = box.querySelector(".node.here .box");
  if (here) box.scrollLeft = Number(here.getAttribute("x")) - box.clientWidth / 2 + 100;
}

const renderAll = () => { for (const box of document.querySelectorAll("[data-lineage]")) render(box); };

renderAll();
document.addEventListener("htmx:after:settle", renderAll);
document.addEventListener("loopline:arrived", renderAll);
