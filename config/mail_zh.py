"""The Chinese words of config/mail.py and config/mail_send.py, for docs/configuration.zh.md."""

from typing import Final

MEANINGS: Final[dict[str, str]] = {
    "Configuration.mail": "邮件：客户写信到邮箱，座席回复。",
    "Mail": "邮件：客户写信到邮箱，座席回复。",
    "Mail.enabled": "是否收发邮件。",
    "Mail.host": "我们作为邮件服务器的名称，用于问候语和 Message-ID；无：第一个邮箱的域名。",
    "Mail.boxes": "各个邮箱。",
    "Mail.receive": "邮件如何经 SMTP 和 LMTP 进来。",
    "Mail.imap": "别处的邮箱，从那里取信。",
    "Mail.send": "接收我们邮件并转送的邮件服务器；无：座席不能回复邮件。",
    "Mail.dkim": "为我们发出的邮件签名的密钥，每个域名一个。",
    "Mail.bounces": (
        "无法投递的报告送往何处；加号之后会加上指明该邮件的令牌。它必须像邮箱一样送达本节点。"
        "无：邮箱的第一个地址。"
    ),
    "Mail.quarantine_days": "因危险而未被读取的邮件为操作员保留多久（天）。",
    "MailBox": "一个邮箱：客户写到哪些地址，由谁回复。",
    "MailBox.id": "邮箱在日志和指标中的名称。",
    "MailBox.addresses": (
        "属于我们的地址。第一个是回信的发件人；加号与 @ 之间的部分指明是哪个会话。"
    ),
    "MailBox.queue": "其邮件在哪个队列等待。",
    "MailBox.name": "客户看到的发件人名称；空：队列的名称。",
    "MailBox.language": "邮件本身看不出语言时所用的语言。",
    "MailBox.signature": "写在每封回信之下；空：没有。",
    "MailBox.topics": "邮件关于什么，由其中的词语判断；取第一个符合的。",
    "MailBox.auto_reply": "邮件已收到的确认。",
    "MailTexts": "同一段文字的两种语言；取客户自己的语言。",
    "MailTexts.en": "英文。",
    "MailTexts.zh": "中文。",
    "MailTopic": "由主题或正文中的词语判断邮件关于什么。",
    "MailTopic.topic": "事项的名称。",
    "MailTopic.words": "出现其中之一即属该事项；不分大小写。",
    "MailTopic.queue": "这类邮件在何处等待；无：按邮箱的规定。",
    "MailTopic.priority": "在队列优先级上增加的级数。",
    "MailAutoReply": (
        "邮件已收到的确认（RFC 3834）。只答复会话的第一封邮件，从不答复机器、邮件列表或退信。"
    ),
    "MailAutoReply.enabled": "是否发送。默认关闭：谁伪造发件人，就会让我们给那人写信。",
    "MailAutoReply.texts": "内容；空：用我们自己的文字。",
    "MailAutoReply.every_hours": "一个地址在此时间内最多收到一封。",
    "MailAutoReply.per_hour_max": "每小时总共的封数；超出的不发，以免使洪流加倍。",
    "MailReceive": "邮件如何经 SMTP 和 LMTP 进来。",
    "MailReceive.smtp": "其他邮件服务器在何处交信；无：不接收。",
    "MailReceive.lmtp": "您自己的邮件服务器在何处交信；无：不接收。",
    "MailReceive.authserv_id": (
        "您自己的前置邮件服务器写 Authentication-Results（RFC 8601）所用的名称，"
        "它须去除他人以此名所写的内容；其结论即被采信。无：在此检查 SPF、DKIM 和 DMARC。"
    ),
    "MailReceive.bytes_max": (
        "更大的邮件以 552 拒绝，并由 SIZE 事先告知：35 MiB 可容纳以 Base64 编码的 25 MB 附件。"
    ),
    "MailReceive.recipients_max": (
        "一封邮件的收件人数；超出的以 452 推迟（RFC 5321 第 4.5.3.1.8 节要求 100）。"
    ),
    "MailReceive.connections_max": "同时的连接数；再来的以 421 回应。",
    "MailReceive.connections_per_source_max": "同一地址（IPv6 为一个 /64）同时的连接数。",
    "MailReceive.connections_per_source_per_min": "同一地址每分钟的新连接数。",
    "MailReceive.mails_per_connection_max": "一个连接的邮件数；之后请对方重新连接。",
    "MailReceive.wrong_recipients_max": (
        "一个连接中不存在的收件人数；之后关闭连接：有人在试探名字。"
    ),
    "MailReceive.parallel_max": "同时读取和存储的邮件数；其余的在内存中排队等候。",
    "MailReceive.idle_s_max": "这么久一言不发的客户端会被关闭（RFC 5321 第 4.5.3.2.7 节）。",
    "MailReceive.data_s_max": "一封邮件的内容在途中最多用多久。",
    "MailSmtp": "其他邮件服务器在何处交信（SMTP，RFC 5321）。",
    "MailSmtp.address": "监听的本机地址。",
    "MailSmtp.port": ("监听的端口；邮件服务器用 25，需要权限。0 表示任取一个空闲端口，供测试用。"),
    "MailSmtp.certificate": "PEM 文件，内含证书及证书链，用于 STARTTLS；无：邮件以明文进来。",
    "MailSmtp.private_key": "PEM 文件，内含未加密的私钥，用于 STARTTLS。",
    "MailSmtp.require_tls": (
        "是否只在 STARTTLS 之后收信。公共互联网上不支持它的服务器就会丢失邮件（RFC 3207 第 4 节）。"
    ),
    "MailLmtp": (
        "您自己的邮件服务器在何处交信（LMTP，RFC 2033）：它事先检查和过滤。"
        "其他任何人都不得连到这里：连到的人会像该邮件服务器一样被相信。"
    ),
    "MailLmtp.socket": "Unix 套接字的路径；无：用地址和端口。",
    "MailLmtp.address": "监听的本机地址。",
    "MailLmtp.port": "监听的端口；0 表示任取一个空闲端口，供测试用。",
    "MailImap": "别处的一个邮箱，从那里取信（IMAP，RFC 9051）。",
    "MailImap.id": "在日志和指标中的名称，也是已读到何处的名称。",
    "MailImap.box": "其邮件归属的邮箱。",
    "MailImap.host": "服务器。",
    "MailImap.port": "其端口：从一开始就用 TLS 的是 993，用 STARTTLS 的是 143。",
    "MailImap.tls": (
        "`tls` 和 `starttls` 要求有效的证书；用 `none` 则密码在途中可被读取，因此除本机或私有网络的"
        "地址外一律拒绝。"
    ),
    "MailImap.login": (
        "`xoauth2`：密码处放的是 OAuth 2.0 的访问令牌。每次登录时读取；"
        "更新令牌者把新令牌写进同一文件。"
    ),
    "MailImap.username": "登录用的名称。",
    "MailImap.password": "密码或令牌放在哪里。",
    "MailImap.folder": "读取的文件夹。",
    "MailImap.poll_s": "两次查看之间的秒数；支持 IDLE 的服务器还会随时通知我们。",
    "MailImap.after": "邮件存好之后怎么办：标为已读、移到 `move_to`、删除。",
    "MailImap.move_to": "`move` 所用的文件夹；它必须存在。",
    "MailSend": "接收我们的邮件并送往客户邮件服务器的邮件服务器（smarthost）。",
    "MailSend.host": "服务器。",
    "MailSend.port": "其端口：STARTTLS 用 587，从一开始就用 TLS 的是 465，服务器之间用 25。",
    "MailSend.tls": ("`starttls` 和 `tls` 要求有效的证书；`none` 只可用于本机或私有网络的服务器。"),
    "MailSend.username": "登录用的名称；无：它凭地址认识我们。",
    "MailSend.password": "密码放在哪里，与 `username` 同用。",
    "MailSend.connections": "同时的连接数；每个连接用于多封邮件。",
    "MailSend.per_domain_max": ("同时发往同一域名收件人的邮件数，以免一个缓慢的域名拖住其他域名。"),
    "MailSend.per_s": "每秒的邮件数；发得更快的，许多服务器会放慢或封禁。",
    "MailSend.retry_s": (
        "第一次、第二次……暂时未成的尝试之后的间隔；最后一个反复使用。RFC 5321 第 4.5.4.1 节"
        "要求最终在 30 分钟以上；灰名单在几次之后放行。"
    ),
    "MailSend.give_up_s": (
        "这么久之后放弃该邮件并告知座席：两天。RFC 5321 要求四到五天，但客户早就打电话来了。"
    ),
    "MailSend.timeout_s": "服务器一次回答最多用多久（RFC 5321 第 4.5.3.2 节）。",
    "MailDkim": "为一个域名所发邮件签名的密钥（RFC 6376）。",
    "MailDkim.domain": "发件人地址的域名。",
    "MailDkim.selector": "公钥在 DNS 中位于 `SELECTOR._domainkey.DOMAIN`。",
    "MailDkim.key": (
        "PEM 文件，内含未加密的私钥：2,048 位的 RSA，或 Ed25519（RFC 8463）。并非所有收件方都认识 "
        "Ed25519：同一域名请再配一项 RSA 密钥。"
    ),
}
