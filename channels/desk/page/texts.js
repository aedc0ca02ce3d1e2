// What the page says, in both languages.

const WORDS = {
  en: {
    title: "Agent desk", agent: "Agent", token: "Access token", signIn: "Sign in", signOut: "Sign out",
    signInWhy: "Your agent id, and the token that your supervisor has given you. Both stay in this tab.",
    refused: "Not accepted: wrong token, or no such agent.", unreachable: "The node cannot be reached.",
    connecting: "Connecting…", connected: "Connected", lost: "Connection lost, trying again…",
    ready: "Ready", not_ready: "Not ready", logged_out: "Logged out", busy: "Busy", wrap_up: "Wrap-up",
    offers: "Offered to you", mine: "Your conversations", parkedList: "Laid aside", none: "Nothing here yet.",
    noneHint: "When you are ready, chats, messages and mails are offered here.",
    accept: "Accept", decline: "Decline", seconds: "s", choose: "Choose a conversation",
    reply: "Reply", note: "Note", writeReply: "Write to the customer…", writeNote: "Write a note for colleagues…",
    send: "Send", attach: "Attach a file", remove: "Remove", earlier: "Show earlier messages",
    park: "Lay aside", resume: "Take up", transfer: "Transfer", close: "Close", cancel: "Cancel", back: "Back",
    until: "Until", untilWrites: "the customer writes", untilHour: "in one hour", untilTomorrow: "tomorrow, 9:00",
    toQueue: "To a queue", toAgent: "To a colleague", toSkill: "To whoever can", skill: "Skill",
    customer: "Customer", timeline: "Timeline", tickets: "Tickets", unknown: "Not known yet",
    typing: "is typing…", here: "Online", away: "Away", you: "You", system: "System", internal: "Note for colleagues",
    stored: "Sent", sent: "Sent", delivered: "Delivered", read: "Read", failed: "Not delivered",
    shut: "is being checked", infected: "is unsafe and cannot be opened", save: "Save",
    chat: "Chat", message: "Message", mail: "Mail", voice: "Call", ticket: "Ticket", offer: "Offer", identity: "Identity",
    proof_none: "Anonymous", proof_suspected: "Suspected", proof_presented: "Presented", proof_proved: "Verified",
    app: "App id", phone: "Telephone", visitor: "Visitor", subject: "Subject", language: "Language", queue: "Queue", value: "Value", number: "Number", due: "Due",
    state_new: "new", state_open: "open", state_pending: "pending", state_solved: "solved", state_closed: "closed",
    gone_accepted: "Taken.", gone_expired: "The offer has lapsed.", gone_other: "The offer is gone.",
    more: "Show more", tooLarge: "The file is too large.", talk: "talked", wait: "waited", unread: "new", waiting: "Waiting for an agent",
    call: "Call", calling: "Your telephone rings first, then the customer's.",
    whose: "Which customer is it?", hasProved: "He has proved it", hasSaid: "He says so",
    whoseHint: "Several have this address. Ask him before you tell him anything, then choose.",
    callHint: "The number to call. Left empty, the customer's verified number is called.",
  },
  zh: {
    title: "座席工作台", agent: "座席", token: "访问令牌", signIn: "登录", signOut: "退出",
    signInWhy: "请输入您的座席编号和主管给您的令牌。二者只保存在此标签页中。",
    refused: "未被接受：令牌有误，或没有此座席。", unreachable: "无法连接到节点。",
    connecting: "正在连接…", connected: "已连接", lost: "连接中断，正在重试…",
    ready: "示闲", not_ready: "示忙", logged_out: "签出", busy: "服务中", wrap_up: "事后处理",
    offers: "等您接受", mine: "您的会话", parkedList: "已搁置", none: "暂无内容。",
    noneHint: "示闲之后，聊天、消息和邮件会在此提供给您。",
    accept: "接受", decline: "拒绝", seconds: "秒", choose: "请选择一个会话",
    reply: "回复", note: "备注", writeReply: "写给客户…", writeNote: "写给同事的备注…",
    send: "发送", attach: "添加附件", remove: "移除", earlier: "显示更早的消息",
    park: "搁置", resume: "继续处理", transfer: "转交", close: "结束", cancel: "取消", back: "返回",
    until: "直到", untilWrites: "客户再次来信", untilHour: "一小时后", untilTomorrow: "明天 9:00",
    toQueue: "转到队列", toAgent: "转给同事", toSkill: "转给具备技能者", skill: "技能",
    customer: "客户", timeline: "时间线", tickets: "工单", unknown: "尚不知道",
    typing: "正在输入…", here: "在线", away: "离开", you: "您", system: "系统", internal: "内部备注",
    stored: "已发送", sent: "已发送", delivered: "已送达", read: "已读", failed: "未送达",
    shut: "正在检查", infected: "不安全，无法打开", save: "保存",
    chat: "聊天", message: "消息", mail: "邮件", voice: "通话", ticket: "工单", offer: "优惠", identity: "身份",
    proof_none: "匿名", proof_suspected: "疑似", proof_presented: "自述", proof_proved: "已验证",
    app: "应用账号", phone: "电话", visitor: "访客", subject: "主题", language: "语言", queue: "队列", value: "价值", number: "编号", due: "期限",
    state_new: "新建", state_open: "处理中", state_pending: "待客户", state_solved: "已解决", state_closed: "已关闭",
    gone_accepted: "已接受。", gone_expired: "提议已过期。", gone_other: "提议已撤回。",
    more: "显示更多", tooLarge: "文件太大。", talk: "通话", wait: "等待", unread: "新", waiting: "等待座席",
    whose: "这是哪位客户？", hasProved: "客户已证实", hasSaid: "客户自称",
    whoseHint: "此地址属于多位客户。透露任何内容之前请先询问，然后选择。",
    call: "呼叫", calling: "先响您的电话，然后接通客户。", callHint: "要拨打的号码。留空则拨打客户已验证的号码。",
  },
};

let language = sessionStorage.getItem("language")
  || (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
document.documentElement.lang = language;

export const t = (key) => WORDS[language][key] ?? key;
export const currentLanguage = () => language;

export function switchLanguage() {
  language = language === "en" ? "zh" : "en";
  sessionStorage.setItem("language", language);
  document.documentElement.lang = language;
}

export function clockTime(text) {
  const at = new Date(text);
  const today = at.toDateString() === new Date().toDateString();
  const form = today ? { timeStyle: "short" } : { dateStyle: "short", timeStyle: "short" };
  return new Intl.DateTimeFormat(language, form).format(at);
}

export function sizeOf(bytes) {
  const units = ["byte", "kilobyte", "megabyte"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10));
  const form = { style: "unit", unit: units[power], maximumFractionDigits: power ? 1 : 0 };
  return new Intl.NumberFormat(language, form).format(bytes / 1024 ** power);
}
