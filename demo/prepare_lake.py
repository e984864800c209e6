"""The outline of Lake Guaíba from the terrain model: the street extract has almost no water.

The terrain model gives water surfaces as exactly 0 m, with a sharp shore. Steps: the cells of 0 m that hang together
with the open lake; continued by hand where the model ends (below); specks and islets too small for the map dropped;
the edge softened by a mean over the neighbours and traced at one half (marching squares); simplified to 8 m.
"""

import json
import math
import struct

# A cell of the open lake from which the water is followed (longitude, latitude).
SEED = (-51.2500, -30.0600)
# The map is continued to this box (west, south, east, north); the terrain model is smaller.
BOX = (-51.3000, -30.1133, -51.1322, -29.9876)
# Where the model ends, by hand. West of it the lake goes on for kilometres around the islands of the delta; the
# corners keep clear of every street of the extract (Ilha da Pintada, Vila Assunção). For looking at, not for measuring.
HAND_WATER = [
    (-51.2549, -30.0428), (-51.2585, -30.0420), (-51.2625, -30.0370), (-51.2650, -30.0290), (-51.2668, -30.0200),
    (-51.2690, -30.0130), (-51.2760, -30.0085), (-51.3000, -30.0060), (-51.3000, -30.1133), (-51.2600, -30.1133),
    (-51.2615, -30.1090), (-51.2650, -30.1050), (-51.2678, -30.1025), (-51.2672, -30.0985), (-51.2650, -30.0962),
    (-51.2600, -30.0955), (-51.2549, -30.0958),
]
# Smaller islands and ponds are left out, in cells of about 30 m by 27 m (1 ha is 12 of them).
ISLAND_CELLS_MIN = 12
# How far the simplified line may leave the traced one, in degrees: 8 m.
TOLERANCE_DEG = 8.0 / 111_195.0


def write(elevation, target):
    """Writes the lake as GeoJSON; gives the number of its rings."""
    grid = Grid.extended(*read_elevation(elevation))
    water = grid.connected_water()
    grid.drop_small_land(water)
    rings = [simplify(ring) for ring in trace(soften(water, grid.width, grid.height), grid)]
    rings = [ring for ring in rings if len(ring) >= 4]
    feature = {
        "type": "Feature",
        "properties": {"name": "Lago Guaíba"},
        "geometry": {"type": "MultiPolygon", "coordinates": nest(rings)},
    }
    with open(target, "w", encoding="utf-8") as file:
        json.dump({"type": "FeatureCollection", "features": [feature]}, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")
    return len(rings)


def read_elevation(path):
    """An uncompressed 8-bit GeoTIFF in strips: (rows of bytes, west, north, cell in degrees)."""
    data = path.read_bytes()
    if data[:4] != b"II*\0":
        raise ValueError("expected a little-endian TIFF")
    tags = {}
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    for entry in range(count):
        tag, kind, length, value = struct.unpack_from("<HHII", data, at + 2 + 12 * entry)
        tags[tag] = (kind, length, value, at + 2 + 12 * entry + 8)

    def numbers(tag):
        kind, length, value, where = tags[tag]
        letter, size = {1: ("B", 1), 3: ("H", 2), 4: ("I", 4), 12: ("d", 8)}[kind]
        return struct.unpack_from(f"<{length}{letter}", data, where if length * size <= 4 else value)

    if numbers(259) != (1,) or numbers(258) != (8,):
        raise ValueError("expected uncompressed 8-bit cells")
    width, height = numbers(256)[0], numbers(257)[0]
    flat = b"".join(data[o : o + n] for o, n in zip(numbers(273), numbers(279)))
    _, _, _, west, north, _ = numbers(33922)
    return [flat[row * width : (row + 1) * width] for row in range(height)], west, north, numbers(33550)[0]


class Grid:
    """Cells that are water or not, with where they lie. Row 0 is the northernmost."""

    def __init__(self, width, height, west, north, cell, zero):
        self.width, self.height, self.west, self.north, self.cell, self.zero = width, height, west, north, cell, zero

    @classmethod
    def extended(cls, rows, west, north, cell):
        """The model's cells of 0 m, continued by hand to BOX."""
        more_west = math.ceil((west - BOX[0]) / cell)
        more_north = math.ceil((BOX[3] - north) / cell)
        more_south = math.ceil((north - len(rows) * cell - BOX[1]) / cell)
        width = more_west + len(rows[0])
        blank = [False] * more_west
        body = [blank + [value == 0 for value in row] for row in rows]
        # North of the model the channels of the delta go straight on for the last kilometre of the map.
        above = [list(body[0]) for _ in range(more_north)]
        below = [[False] * width for _ in range(more_south)]
        all_rows = above + body + below
        grid = cls(width, len(all_rows), west - more_west * cell, north + more_north * cell, cell, all_rows)
        for row in range(grid.height):
            for column in range(more_west):
                grid.zero[row][column] = inside(HAND_WATER, *grid.centre(column, row))
        return grid

    def centre(self, column, row):
        return self.west + (column + 0.5) * self.cell, self.north - (row + 0.5) * self.cell

    def around(self, cell):
        column, row = cell
        for x, y in ((column - 1, row), (column + 1, row), (column, row - 1), (column, row + 1)):
            if 0 <= x < self.width and 0 <= y < self.height:
                yield x, y

    def flood(self, start, wanted, seen):
        """All cells for which `wanted` holds and that hang together with `start`."""
        part, queue = [], [start]
        seen.add(start)
        while queue:
            cell = queue.pop()
            part.append(cell)
            for next_cell in self.around(cell):
                if next_cell not in seen and wanted(next_cell):
                    seen.add(next_cell)
                    queue.append(next_cell)
        return part

    def connected_water(self):
        start = (int((SEED[0] - self.west) / self.cell), int((self.north - SEED[1]) / self.cell))
        return set(self.flood(start, lambda cell: self.zero[cell[1]][cell[0]], set()))

    def drop_small_land(self, water):
        """Turns islands below ISLAND_CELLS_MIN into water."""
        seen = set(water)
        for row in range(self.height):
            for column in range(self.width):
                if (column, row) not in seen:
                    part = self.flood((column, row), lambda cell: cell not in water, seen)
                    if len(part) < ISLAND_CELLS_MIN:
                        water.update(part)


def inside(ring, x, y):
    odd = False
    for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1]):
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            odd = not odd
    return odd


def soften(water, width, height):
    """The mean of each cell and its eight neighbours, twice, with a border of land; row by row."""
    field = [[1.0 if (x, y) in water else 0.0 for x in range(width)] for y in range(height)]
    for _ in range(2):
        across = [[(row[max(x - 1, 0)] + row[x] + row[min(x + 1, width - 1)]) / 3 for x in range(width)] for row in field]
        field = [
            [(across[max(y - 1, 0)][x] + across[y][x] + across[min(y + 1, height - 1)][x]) / 3 for x in range(width)]
            for y in range(height)
        ]
    edge = [0.0] * (width + 2)
    return [edge] + [[0.0] + row + [0.0] for row in field] + [edge]


def trace(field, grid):
    """Closed lines where the field is one half, water on the left-hand side (marching squares on cell centres)."""
    follow = {}
    for y in range(len(field) - 1):
        for x in range(len(field[0]) - 1):
            for start, end in square(field, x, y):
                follow[start] = end
    while follow:
        start, at = follow.popitem()
        line = [start]
        while at != start:
            line.append(at)
            at = follow.pop(at)
        line.append(start)
        yield [(grid.west + (x - 0.5) * grid.cell, grid.north - (y - 0.5) * grid.cell) for x, y in line]


def square(field, x, y):
    """The pieces of line in one square of four cell centres, directed so that water lies on the left (y points south)."""
    corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]
    values = [field[cy][cx] - 0.5 for cx, cy in corners]
    enters, leaves = [], []
    for side in range(4):
        a, b = values[side], values[(side + 1) % 4]
        if (a > 0) == (b > 0):
            continue
        # The same edge must give the same point from both of its squares: always from the upper or left corner.
        (ax, ay), (bx, by) = sorted((corners[side], corners[(side + 1) % 4]))
        low, high = field[ay][ax] - 0.5, field[by][bx] - 0.5
        share = low / (low - high)
        (leaves if a > 0 else enters).append((ax + share * (bx - ax), ay + share * (by - ay)))
    return list(zip(enters, leaves)) if len(enters) < 2 else saddle(values, enters, leaves)


def saddle(values, enters, leaves):
    """Two diagonal corners are water: joined when the middle is."""
    joined = sum(values) > 0
    return list(zip(enters, leaves)) if joined else list(zip(enters, leaves[1:] + leaves[:1]))


def simplify(ring):
    """Douglas-Peucker on a closed ring, cut at its two farthest points; corners rounded to 6 digits (0.1 m)."""
    far = max(range(len(ring)), key=lambda at: math.dist(ring[at], ring[0]))
    line = peucker(ring[: far + 1])[:-1] + peucker(ring[far:])
    out = [(round(x, 6), round(y, 6)) for x, y in line]
    return [[x, y] for x, y in out]


def peucker(line):
    keep, parts = {0, len(line) - 1}, [(0, len(line) - 1)]
    while parts:
        first, last = parts.pop()
        worst, at = 0.0, None
        for index in range(first + 1, last):
            distance = off_line(line[index], line[first], line[last])
            if distance > worst:
                worst, at = distance, index
        if at is not None and worst > TOLERANCE_DEG:
            keep.add(at)
            parts += [(first, at), (at, last)]
    return [line[index] for index in sorted(keep)]


def off_line(point, a, b):
    length = math.dist(a, b)
    if length == 0.0:
        return math.dist(point, a)
    return abs((b[0] - a[0]) * (a[1] - point[1]) - (a[0] - point[0]) * (b[1] - a[1])) / length


def area(ring):
    """Signed: counter-clockwise (an outer ring) is positive."""
    return sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(ring, ring[1:])) / 2


def nest(rings):
    """Each outer ring with the islands that lie in it, the largest first."""
    outers = sorted((ring for ring in rings if area(ring) > 0), key=lambda ring: -area(ring))
    polygons = [[ring] for ring in outers]
    for island in sorted((ring for ring in rings if area(ring) < 0), key=area):
        for polygon in reversed(polygons):
            if inside([tuple(corner) for corner in polygon[0]], *island[0]):
                polygon.append(island)
                break
    return polygons
