/** Where captions stand, as `VTTCue.line` counts: from the bottom; a line is some 5 % of the picture. */
export const LINES_ABOVE_CONTROLS = -4;
