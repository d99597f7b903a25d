/** Vite takes the style sheet out of the script, into a file of its own. */
declare module "*.css";
