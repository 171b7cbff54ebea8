// Injects the unmodified wa-js into the page and prints what it announces, one JSON array per
// line. Every message from a customer is answered with a quote and a message id given in advance.
// Ends when standard input ends.
const fs = require("node:fs");
const path = require("node:path");
const puppeteer = require("puppeteer");

const { chromium, args, dataPath } = JSON.parse(process.argv[2]);
const tell = (kind, ...details) => process.stdout.write(`${JSON.stringify([kind, ...details])}\n`);
const bundle = fs.readFileSync(require.resolve("@wppconnect/wa-js"), "utf8");

function listen() {
  const { WPP, tell } = window;
  WPP.on("conn.auth_code_change", (code) => code && tell("qr", code.fullCode));
  WPP.on("conn.stream_mode_changed", (mode) => tell("mode", mode));
  WPP.on("conn.main_loaded", () => tell("main_loaded"));
  WPP.on("conn.logout_reason", (reason) => tell("logout_reason", reason));
  WPP.on("conn.logout", () => tell("logout"));
  WPP.on("chat.msg_ack_change", ({ ack, ids }) => tell("ack", String(ids[0]), ack));
  WPP.on("chat.new_message", async (message) => {
    if (message.id.fromMe) return;
    const chat = String(message.id.remote);
    tell("message", String(message.id), message.type, message.body);
    const result = await WPP.chat.sendTextMessage(chat, `Nimepokea: ${message.body}`, {
      quotedMsg: String(message.id),
      messageId: `true_${chat}_3EB0${message.id.id}`,
      linkPreview: false,
    });
    tell("sent", result.id, result.sendMsgResult.messageSendResult);
    const history = await WPP.chat.getMessages(chat, { count: 20 });
    tell("history", ...history.map((one) => String(one.id)));
  });
}

async function main() {
  const browser = await puppeteer.launch({
    executablePath: chromium,
    args,
    pipe: true,
    userDataDir: path.join(dataPath, "wa-js"),
  });
  process.stdin.resume();
  process.stdin.on("end", async () => {
    await browser.close();
    process.exit(0);
  });
  const [page] = await browser.pages();
  await page.exposeFunction("tell", tell);
  await page.evaluateOnNewDocument("window.WPPConfig = { disableGoogleAnalytics: true };");
  await page.evaluateOnNewDocument(bundle);
  await page.evaluateOnNewDocument(`(${listen})()`);
  await page.goto("https://web.whatsapp.com/");
  await page.waitForFunction(() => window.WPP.isFullReady && window.WPP.conn.isAuthenticated());
  await page.waitForFunction(() => window.WPP.whatsapp.Stream.mode === "MAIN");
  tell("ready", await page.evaluate(() => String(window.WPP.conn.getMyUserId())));
}

process.on("unhandledRejection", (error) => tell("rejection", String(error?.stack ?? error)));
main().catch((error) => tell("failed", String(error?.stack ?? error)));
