// The page's behaviour: one picture at a time is sent to the server, and its answer shown.
// Words from the server and file names are set as text only, never as HTML.
"use strict";

const words = JSON.parse(document.getElementById("words").textContent);
const MOST_BYTES = 10_000_000;
const NOTABLE_FALL = 0.01;
const SAMPLES = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"];
const at = (id) => document.getElementById(id);

let runs = [];
let picture = null;
let asking = null;

function text(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

function forget() {
  at("error").textContent = at("reason").textContent = "";
}

function percent(share, digits = 1) {
  return (100 * share).toFixed(digits);
}

function complain(key, reason = "") {
  at("error").textContent = text(key);
  // below the sentence in the page's language, as the server's reasons are English
  at("reason").textContent = reason;
  at("status").textContent = "";
}

function described(run) {
  return {
    ...run, data: text(run.data), protocol: text(run.protocol),
    accuracy: percent(run.accuracy, 2), n: run.n.toLocaleString(words.language),
  };
}

function chosenRun() {
  return runs.find((run) => run.id === at("run").value);
}

function describeRun() {
  const run = chosenRun();
  const drawn = run.data === "synthetic" ? " " + text("drawn") : "";
  at("about").textContent = text("about", described(run)) + drawn;
}

async function listRuns() {
  const found = await (await fetch("/runs")).json();
  runs = found.runs;
  for (const run of runs) {
    const option = new Option(text("run_option", described(run)), run.id);
    at("run").add(option);
  }
  at("run").value = found.chosen;
  describeRun();
}

async function ask() {
  asking?.abort();
  if (!picture) return;
  const mine = asking = new AbortController();
  forget();
  at("status").textContent = text("working");
  try {
    const answer = await fetch(`/predict?run=${encodeURIComponent(at("run").value)}`, {
      method: "POST", body: picture, signal: mine.signal,
      headers: { "Content-Type": "application/octet-stream" },
    });
    const said = await answer.json();
    if (mine !== asking) return;
    if (answer.ok) return show(said);
    at("result").hidden = true;
    const key = `error_${answer.status}`;
    complain(key in words ? key : "error_other", said.error);
  } catch (error) {
    if (error.name === "AbortError") return;
    at("result").hidden = true;
    complain("error_gone");
  }
}

function take(file) {
  if (!file) return;
  asking?.abort();
  at("result").hidden = true;
  picture = file.size > MOST_BYTES ? null : file;
  if (!picture) return complain("error_413");
  URL.revokeObjectURL(at("photo").src);
  at("whole").classList.remove("unseen");
  at("photo").src = URL.createObjectURL(file);
  ask();
}

function offerSamples() {
  for (const emotion of SAMPLES) {
    const button = document.createElement("button");
    const image = button.appendChild(new Image(48, 48));
    image.src = `/samples/${emotion}.png`;
    image.alt = text("sample_of", { emotion: text(emotion) });
    button.type = "button";
    button.addEventListener("click", async () => {
      try {
        take(await (await fetch(image.src)).blob());
      } catch {
        complain("error_gone");
      }
    });
    at("samples").append(button);
  }
}

function title(index, said) {
  if (said.views.length > 1) return text("face_of", { number: index + 1, count: said.views.length });
  return text(["found", "ready"].includes(said.cut) ? "the_face" : "the_middle");
}

function rank(emotion, chance) {
  const row = document.createElement("li");
  const [name, bar, number] = ["emotion", "bar", "number"].map((kind) => {
    const part = document.createElement("span");
    part.className = kind;
    return row.appendChild(part);
  });
  name.textContent = text(emotion);
  bar.appendChild(document.createElement("span")).style.width = `${percent(chance)}%`;
  bar.setAttribute("aria-hidden", "true");
  number.textContent = `${percent(chance)} %`;
  return row;
}

function card(view, index, said) {
  const made = at("view").content.cloneNode(true);
  const emotion = text(view.ranked[0][0]);
  made.querySelector("h3").textContent = title(index, said);
  for (const image of made.querySelectorAll(".crop")) image.src = view.crop;
  made.querySelector(".overlay").src = view.overlay;
  const caption = made.querySelector(".layers + figcaption").firstChild;
  caption.textContent = caption.textContent.replace("{emotion}", emotion);
  made.querySelector("ol").append(...view.ranked.map(([name, chance]) => rank(name, chance)));
  const key = view.largest_fall < NOTABLE_FALL ? "nowhere" : "strongest";
  const values = { emotion, points: percent(view.largest_fall) };
  made.querySelector(".strongest").textContent = text(key, values);
  return made;
}

function outline(view, index, said) {
  const [left, top, side] = view.face;
  const [width, height] = said.size;
  const box = document.createElement("span");
  box.className = "box";
  box.style.left = `${100 * left / width}%`;
  box.style.top = `${100 * top / height}%`;
  box.style.width = `${100 * side / width}%`;
  box.style.height = `${100 * side / height}%`;
  if (said.views.length > 1) box.textContent = index + 1;
  return box;
}

function howCut(said) {
  const count = said.views.length;
  if (said.cut !== "found") return text(said.cut);
  const places = said.views.map(({ face: [left, top, side] }, index) => {
    const number = count > 1 ? `${index + 1}: ` : "";
    return number + text("where", { left, top, side });
  });
  return `${text(count > 1 ? "found_many" : "found_one", { count })} ${places.join("; ")}.`;
}

function show(said) {
  at("cut").textContent = howCut(said);
  for (const box of at("frame").querySelectorAll(".box")) box.remove();
  if (said.cut === "found") at("frame").append(...said.views.map((view, index) => outline(view, index, said)));
  at("views").replaceChildren(...said.views.map((view, index) => card(view, index, said)));
  at("result").hidden = false;
  at("status").textContent = said.views.map((view, index) => text("said", {
    face: title(index, said), emotion: text(view.ranked[0][0]), chance: percent(view.ranked[0][1]),
  })).join(" ");
  // on a phone the answer would lie below what is in sight
  if (at("result").getBoundingClientRect().top > 0.7 * innerHeight) at("status").scrollIntoView();
}

async function openCamera() {
  forget();
  try {
    at("video").srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } });
    at("shot").showModal();
    // until then there is nothing to take
    at("video").onplaying = () => { at("take").disabled = false; };
  } catch {
    complain("error_camera");
  }
}

function closeCamera() {
  for (const track of at("video").srcObject?.getTracks() ?? []) track.stop();
  at("video").srcObject = null;
  at("take").disabled = true;
}

function takeShot() {
  const video = at("video");
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  at("shot").close();
  canvas.toBlob(take, "image/jpeg", 0.95);
}

at("file").addEventListener("change", (event) => {
  take(event.target.files[0]);
  // choosing the same file again must be a change, too
  event.target.value = "";
});
at("run").addEventListener("change", () => { describeRun(); ask(); });
at("camera").addEventListener("click", openCamera);
at("take").addEventListener("click", takeShot);
at("cancel").addEventListener("click", () => at("shot").close());
at("shot").addEventListener("close", closeCamera);
// a format that the server reads and the browser does not, such as TIFF
at("photo").addEventListener("error", () => at("whole").classList.add("unseen"));

// anywhere on the page: beside the field the browser would leave the page for the picture
document.addEventListener("dragover", (event) => { event.preventDefault(); at("drop").classList.add("over"); });
document.addEventListener("dragleave", () => at("drop").classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  at("drop").classList.remove("over");
  take(event.dataTransfer.files[0]);
});

for (const link of document.querySelectorAll("nav a")) {
  if (link.lang === words.language) link.setAttribute("aria-current", "true");
}
offerSamples();
listRuns().catch(() => complain("error_gone"));
