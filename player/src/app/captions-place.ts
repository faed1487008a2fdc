/** Where captions stand, as `VTTCue.line` counts: from the bottom; a line is some 5 % of the picture. While controls are seen, player.css lifts them further. */
export const LINES_ABOVE_CONTROLS = -4;
