/**
 * The colours of everything that people see: pairs for light and dark. Text has a contrast of at least 4.5 on its background in both
 * (WCAG 2.2, 1.4.3), and borders of fields at least 3 (1.4.11).
 */
export const PALETTE = `:root {
  color-scheme: light dark;
  --page: light-dark(#eef1f0, #0f1413);
  --glow: light-dark(#d7e6e0, #16302a);
  --card: light-dark(#ffffff, #18201e);
  --line: light-dark(#dde3e1, #2b3633);
  --field: light-dark(#ffffff, #101716);
  --edge: light-dark(#76837f, #74837f);
  --text: light-dark(#16211e, #e8efec);
  --quiet: light-dark(#52605c, #a3b1ad);
  --accent: light-dark(#0b6b53, #5fd3b0);
  --accent-strong: light-dark(#085541, #86e3c7);
  --on-accent: light-dark(#ffffff, #06231b);
  --tint: light-dark(#eef6f3, #1c2b27);
  --bad: light-dark(#a3241d, #ffb4ab);
  --bad-tint: light-dark(#fdf0ee, #33191a);
}
`;
