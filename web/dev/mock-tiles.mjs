// Vector tiles of the demo's street extract, made in memory for the mock server.
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { GeoJSONVT } from "@maplibre/geojson-vt";
import { fromGeojsonVt } from "@maplibre/vt-pbf";
import { PbfReader } from "pbf";

const CLASSES = {
  motorway: "motorway",
  motorway_link: "motorway",
  trunk: "motorway",
  trunk_link: "motorway",
  primary: "primary",
  primary_link: "primary",
  secondary: "secondary",
  secondary_link: "secondary",
  tertiary: "secondary",
  tertiary_link: "secondary",
  residential: "residential",
  unclassified: "residential",
  living_street: "residential",
  service: "path",
  footway: "path",
  path: "path",
  cycleway: "path",
  steps: "path",
  pedestrian: "path",
  track: "path",
};

function* blobs(bytes) {
  let at = 0;
  while (at < bytes.length) {
    const headerSize = bytes.readUInt32BE(at);
    at += 4;
    const header = new PbfReader(bytes.subarray(at, at + headerSize)).readFields((tag, out, pbf) => {
      if (tag === 1) out.type = pbf.readString();
      if (tag === 3) out.size = pbf.readVarint();
    }, {});
    at += headerSize;
    const blob = new PbfReader(bytes.subarray(at, at + header.size)).readFields((tag, out, pbf) => {
      if (tag === 1) out.raw = pbf.readBytes();
      if (tag === 3) out.zlib = pbf.readBytes();
    }, {});
    at += header.size;
    if (header.type === "OSMData") yield blob.raw ?? inflateSync(blob.zlib);
  }
}

function running(values) {
  let sum = 0;
  return values.map((value) => {
    sum += value;
    return sum;
  });
}

function denseNodes(pbf, end, nodes) {
  const dense = { id: [], lat: [], lon: [] };
  pbf.readFields(
    (tag, out, inner) => {
      if (tag === 1) inner.readPackedSVarint(out.id);
      if (tag === 8) inner.readPackedSVarint(out.lat);
      if (tag === 9) inner.readPackedSVarint(out.lon);
    },
    dense,
    end,
  );
  const [lat, lon] = [running(dense.lat), running(dense.lon)];
  running(dense.id).forEach((id, i) => {
    nodes.set(id, [lon[i] / 1e7, lat[i] / 1e7]);
  });
}

function way(pbf, end, strings) {
  const raw = pbf.readFields(
    (tag, out, inner) => {
      if (tag === 2) inner.readPackedVarint(out.keys);
      if (tag === 3) inner.readPackedVarint(out.values);
      if (tag === 8) inner.readPackedSVarint(out.refs);
    },
    { keys: [], values: [], refs: [] },
    end,
  );
  const tags = Object.fromEntries(raw.keys.map((key, i) => [strings[key], strings[raw.values[i]]]));
  return { tags, refs: running(raw.refs) };
}

function readBlock(bytes, nodes, ways) {
  const strings = [];
  new PbfReader(bytes).readFields((tag, _out, pbf) => {
    if (tag === 1) {
      pbf.readFields(
        (t, _o, p) => {
          if (t === 1) strings.push(p.readString());
        },
        null,
        pbf.readVarint() + pbf.pos,
      );
    }
    if (tag === 2) {
      pbf.readFields(
        (t, _o, p) => {
          const end = p.readVarint() + p.pos;
          if (t === 2) denseNodes(p, end, nodes);
          else if (t === 3) ways.push(way(p, end, strings));
          p.pos = end;
        },
        null,
        pbf.readVarint() + pbf.pos,
      );
    }
  }, null);
}

/** Streets as GeoJSON lines with their class. */
export function streets(file) {
  const [nodes, ways] = [new Map(), []];
  for (const block of blobs(readFileSync(file))) readBlock(block, nodes, ways);
  return ways.flatMap(({ tags, refs }) => {
    const kind = tags.railway ? "rail" : CLASSES[tags.highway];
    const coordinates = refs.map((ref) => nodes.get(ref)).filter(Boolean);
    if (!kind || coordinates.length < 2) return [];
    return [{ type: "Feature", properties: { class: kind }, geometry: { type: "LineString", coordinates } }];
  });
}

/** A function from z, x, y to the bytes of a tile. */
export function tiles(roads, lakeFile) {
  const collection = (features) => ({ type: "FeatureCollection", features });
  const options = { maxZoom: 15, indexMaxZoom: 5, extent: 4096, tolerance: 2 };
  const make = (data) => new GeoJSONVT(data, options);
  const road = make(collection(roads));
  const water = make(JSON.parse(readFileSync(lakeFile, "utf8")));
  return (z, x, y) => {
    const layers = {};
    for (const [name, index] of [
      ["water", water],
      ["road", road],
    ]) {
      const tile = index.getTile(z, x, y);
      if (tile) layers[name] = tile;
    }
    return Buffer.from(fromGeojsonVt(layers, { version: 2, extent: 4096 }));
  };
}
