import "@fontsource-variable/inter";
import "./style/ground.css";
import "./style/parts.css";
import "./style/desk.css";
import "./style/map.css";
import "./style/pages.css";
import "./style/life.css";
import "./style/public.css";
import { render } from "solid-js/web";
import { App } from "./app";
import { followKeys } from "./keys/keys";
import { followLinks } from "./shell/route";

followLinks();
followKeys();
render(() => <App />, document.getElementById("app") as HTMLElement);
