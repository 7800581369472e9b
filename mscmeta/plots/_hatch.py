"""Hatching as strokes: matplotlib's own is a fill pattern in SVG, and Chromium prints patterns as pictures of dots."""

import numpy as np
from matplotlib import rcParams
from matplotlib.path import Path
from matplotlib.patheffects import AbstractPathEffect
from matplotlib.transforms import IdentityTransform, TransformedPath


class Hatched(AbstractPathEffect):
    """Draw a shape, then parallel strokes in the colour of its edge, clipped to it.

    Parameters
    ----------
    *angles : float
        Directions of the strokes in degrees: 45 rises to the right, 90 is upright; two cross.
    gap : float
        Distance of the strokes in points.
    """

    def __init__(self, *angles: float, gap: float = 5.0):
        super().__init__()
        self.angles, self.gap = angles, gap

    def draw_path(self, renderer, gc, tpath, affine, rgbFace=None):  # noqa: N803 (matplotlib's name)
        """Draw the shape with any renderer; called by matplotlib."""
        renderer.draw_path(gc, tpath, affine, rgbFace)
        shape = affine.transform_path(tpath)
        box = shape.get_extents()
        if not (box.width > 0 and box.height > 0):
            return
        inside = renderer.new_gc()
        inside.copy_properties(gc)
        inside.set_clip_path(TransformedPath(shape, IdentityTransform()))
        inside.set_linewidth(renderer.points_to_pixels(rcParams["hatch.linewidth"]))
        for angle in self.angles:
            strokes = _strokes(box, np.deg2rad(angle), renderer.points_to_pixels(self.gap))
            renderer.draw_path(inside, strokes, IdentityTransform())
        inside.restore()


def _strokes(box, angle: float, gap: float) -> Path:
    """Return parallel lines that cover a box; they begin at its middle, so that a small shape has one too."""
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    reach = np.hypot(box.width, box.height) / 2
    middle = np.array([(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2])
    steps = np.arange(-np.floor(reach / gap), np.floor(reach / gap) + 1) * gap
    ends = [middle + step * across + side * reach * along for step in steps for side in (-1, 1)]
    return Path(ends, [Path.MOVETO, Path.LINETO] * len(steps))
