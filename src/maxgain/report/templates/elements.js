"use strict";
// Elements of the page. Whatever comes out of a table is put in as text, never as HTML.

const data = JSON.parse(document.getElementById("data").textContent);

const find = (selector, within = document) => within.querySelector(selector);
const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];

function make(tag, attributes = {}, ...content) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...content.map((part) => (part instanceof Node ? part : String(part))));
  return element;
}

function fillTable(table, heads, rows) {
  const isolate = (cell) => make("bdi", {}, cell);
  table.replaceChildren(
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, isolate(head))))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, isolate(cell)))))),
  );
}

const shortNumber = (value) => (value === null || value === undefined ? "none" : String(+value.toPrecision(4)));
